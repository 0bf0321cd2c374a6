"""The shape of feeds.yaml: every key and what it holds; the JSON Schema comes from here.

A description of a kind ends the sentence "expected ...", for people and for editors.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field, json

Text = Annotated[str, Meta(min_length=1, description="text")]
Address = Annotated[str, Meta(min_length=1, description="an http or https address")]
Email = Annotated[
    str,
    Meta(
        pattern=r"^[^@\s<>()]+@[^@\s<>()]+\.[^@\s<>()]+$",
        description="an e-mail address",
    ),
]
Authority = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9._-]+@)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="a host name or e-mail address in lower case",
    ),
]
Language = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description='a language tag such as "en" or "pt-BR"',
    ),
]
Number = Annotated[float, Meta(ge=-1e300, le=1e300, description="a number")]
Count = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Flag = Annotated[bool, Meta(description="true or false")]
Age = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,6} *(minutes?|hours?|days?|weeks?)$",
        description='an age such as "90 days" or "12 hours"',
    ),
]
Size = Annotated[
    Annotated[int, Meta(ge=1)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9} *(([KM]i)?B)?$")],
    Meta(description='bytes, or a size such as "512 KiB" or "2 MiB"'),
]
Slug = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$",
        max_length=100,
        description="letters a-z, digits, single hyphens and underscores",
    ),
]
Paths = Annotated[tuple[Text, ...], Meta(description="a list of paths")]
Slugs = Annotated[tuple[Slug, ...], Meta(description="a list of slugs")]
Hosts = Annotated[tuple[Text, ...], Meta(description="a list of host names")]
Names = Annotated[tuple[Text, ...], Meta(description="a list of names")]
Sources = Annotated[
    Text | Annotated[tuple[Text, ...], Meta(min_length=1)],
    Meta(description="a folder, a glob, or a list of them"),
]
Format = Annotated[
    Literal["rss", "atom", "json"], Meta(description="rss, atom or json")
]
Formats = Annotated[
    tuple[Format, ...], Meta(min_length=1, description="a list of rss, atom and json")
]
Status = Annotated[
    Literal["published", "draft", "any"], Meta(description="published, draft or any")
]
Pick = Annotated[
    Literal["newest", "best", "hottest"], Meta(description="newest, best or hottest")
]
Order = Annotated[
    Literal["published", "updated"], Meta(description="published or updated")
]
Archive = Annotated[Literal["monthly", "none"], Meta(description="monthly or none")]

Hubs = Annotated[
    tuple[Address, ...], Meta(description="a list of http or https addresses")
]

Theirs = Annotated[
    Text | Annotated[tuple[Text, ...], Meta(min_length=1)],
    Meta(description="a field's name, or a list of them"),
]
Preset = Annotated[
    Literal["jekyll", "hugo", "pelican", "eleventy"],
    Meta(description="jekyll, hugo, pelican or eleventy"),
]
Split = Annotated[Literal["comma", "space"], Meta(description="comma or space")]


class Key(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of feeds.yaml."""


class Author(Key, frozen=True, kw_only=True):
    """Who writes the site."""

    name: Text
    email: Email | None = None


class Site(Key, frozen=True, kw_only=True):
    """What every feed of the site has in common."""

    title: Text
    url: Address
    home: Address | None = None
    id: Authority | None = None
    description: Text | None = None
    language: Language | None = None
    author: Author | None = None
    copyright: Text | None = None
    logo: Address | None = None
    timezone: Text = "UTC"


class Choice(Key, frozen=True, kw_only=True):
    """Which names let a record in."""

    any: Names = ()
    all: Names = ()
    none: Names = ()


Choices = Annotated[
    Names | Choice,
    Meta(description="a list of names, or a mapping of any, all and none"),
]


class Images(Key, frozen=True, kw_only=True):
    """Where a feed shows pictures."""

    enclosure: Flag | None = None
    media: Flag | None = None
    inline: Flag | None = None


class Rules(Key, frozen=True, kw_only=True):
    """What selects the entries of a feed and how they are shown; None is inherited."""

    status: Status | None = None
    min_quality: Number | None = None
    min_heat: Number | None = None
    max_age: Age | None = None
    limit: Count | None = None
    pick: Pick | None = None
    order: Order | None = None
    require_image: Flag | None = None
    topics: Choices | None = None
    providers: Choices | None = None
    categories: Choices | None = None
    types: Choices | None = None
    words: Choices | None = None
    title: Text | None = None
    description: Text | None = None
    language: Language | None = None
    formats: Formats | None = None
    ttl: Count | None = None
    related: Flag | None = None
    images: Images | None = None
    archive: Archive | None = None


class Feed(Rules, frozen=True, kw_only=True):
    """One feed, or one for each group where the path has a placeholder."""

    path: Text
    also: Paths = ()
    only: Names | None = None
    except_: Names | None = field(default=None, name="except")


class Group(Rules, frozen=True, kw_only=True):
    """What a topic and a provider have in common."""

    name: Text | None = None
    feed: Flag = True


class Topic(Group, frozen=True, kw_only=True):
    """What one topic changes, wherever it has a feed."""

    slug: Slug | None = None
    also: Slugs = ()
    aliases: Names = ()


class Provider(Group, frozen=True, kw_only=True):
    """What one provider changes, wherever it has a feed."""

    also: Hosts = ()


class Joined(Key, frozen=True, kw_only=True):
    """Names out of several fields, or out of one text."""

    from_: Theirs = field(name="from")
    split: Split | None = None


class Truth(Key, frozen=True, kw_only=True):
    """What says that a record is published, and what holds where nothing does."""

    from_: Theirs | None = field(default=None, name="from")
    not_: Theirs | None = field(default=None, name="not")
    default: Flag | None = None


class Origin(Key, frozen=True, kw_only=True):
    """Where a provider's name and domain are found."""

    name: Theirs | None = None
    domain: Theirs | None = None


class Fields(Key, frozen=True, kw_only=True, rename="camel"):
    """Where the records of other tools have what ours have: our field, then theirs."""

    preset: Preset | None = None
    base: Address | None = None
    url: Text | None = None
    slug: Theirs | None = None
    title: Theirs | None = None
    web_url: Theirs | None = None
    original_url: Theirs | None = None
    published_date_time: Theirs | None = None
    updated_date_time: Theirs | None = None
    published: (
        Annotated[
            Text | Annotated[tuple[Text, ...], Meta(min_length=1)] | Truth,
            Meta(description="a field's name, a list, or a mapping with from or not"),
        ]
        | None
    ) = None
    quality: Theirs | None = None
    heat: Theirs | None = None
    excerpt: Theirs | None = None
    provider: (
        Annotated[
            Text | Annotated[tuple[Text, ...], Meta(min_length=1)] | Origin,
            Meta(description="a field's name, or a mapping of name and domain"),
        ]
        | None
    ) = None
    topics: (
        Annotated[
            Text | Annotated[tuple[Text, ...], Meta(min_length=1)] | Joined,
            Meta(description="a field's name, a list, or a mapping of from and split"),
        ]
        | None
    ) = None
    category: Theirs | None = None
    type: Theirs | None = None
    images: Theirs | None = None
    related: Theirs | None = None
    id: Theirs | None = None
    body: Theirs | None = None


class Shape(Key, frozen=True, kw_only=True):
    """The whole of feeds.yaml."""

    site: Site
    records: Sources
    feeds: Annotated[
        tuple[Feed, ...], Meta(min_length=1, description="a list of feeds")
    ]
    fields: Fields | None = None
    output: Text = "output"
    max_record_size: Size = 1 << 20
    pages: Flag = True
    measure_images: Flag = False
    hubs: Hubs = ()
    cache_seconds: Count | None = None
    formats: Formats = ("rss", "atom")
    defaults: Rules = Rules()
    topics: dict[str, Topic | None] = {}
    providers: dict[str, Provider | None] = {}


def schema() -> str:
    """Write the JSON Schema of feeds.yaml <https://json-schema.org/>."""
    written = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **json.schema(Shape),
    }
    return json.format(json.encode(written), indent=2).decode() + "\n"
