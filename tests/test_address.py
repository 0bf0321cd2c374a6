"""Addresses: which are published, and which of them are one story."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.address import address, domain, enclosable, identity, normalised, tag

SITE = "feeds.example.org"
STORY = "https://a.example/s"
TRACKERS = [
    *["utm_source", "utm_medium", "utm_campaign", "utm_whatever", "fbclid", "gclid"],
    *["dclid", "gbraid", "wbraid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid"],
    *["twclid", "ttclid", "_hsenc", "_hsmi"],
]

links = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    st.sampled_from(["a.example", "A.Example", "www.a.example", "münchen.example"]),
    st.sampled_from(["", ":", ":80", ":443", ":0443", ":8080"]),
    st.lists(
        st.sampled_from(
            ["/", "/a", "/A", "/..", "/.", "/%7e", "/%2f", "/%", "/ü", "/ "]
        ),
        max_size=4,
    ).map("".join),
    st.lists(
        st.sampled_from(
            ["?", "&", "x=1", "utm_source=a", "utm%5Fid", "fbclid", "é", "%3d"]
        ),
        max_size=5,
    ).map(lambda pieces: "?" + "".join(pieces) if pieces else ""),
    st.sampled_from(["", "#", "#top", "#!/x", "#/x", "#%21", "##"]),
)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example",
        "https://a.example/",
        "http://a.example/p?q=1&amp;r=2#top",
        "HTTP://A.Example/P",
        "https://a.example:8443/p",
        "https://user@a.example/p",
        "https://1.2.3.4/p",
        "https://localhost/p",
        "https://under_score.example/p",
        "https://a.example/a%20b?c=%C3%A9",
        "https://a.example/?utm_source=x",
        "https://a.example/(a)'b'*c;d,e=f@g~h",
    ],
)
def test_a_usable_address_stays_as_written(text):
    assert address(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  https://a.example/p\n", "https://a.example/p"),
        ("//a.example/p", "https://a.example/p"),
        ("https://a.example/a b", "https://a.example/a%20b"),
        ("https://a.example/?q=a b#c d", "https://a.example/?q=a%20b#c%20d"),
        ("https://a.example/é?ü#ß", "https://a.example/%C3%A9?%C3%BC#%C3%9F"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/%zz%41", "https://a.example/%25zz%41"),
        (
            'https://a.example/"<>{}|^`\\',
            "https://a.example/%22%3C%3E%7B%7D%7C%5E%60%5C",
        ),
        ("https://a.example/[1]?r=[1]", "https://a.example/%5B1%5D?r=%5B1%5D"),
        ("https://a.example/\x00\x7f", "https://a.example/%00%7F"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://MÜNCHEN.example/", "https://xn--mnchen-3ya.example/"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://a。example/", "https://a.example/"),
    ],
    ids=ascii,
)
def test_what_no_uri_may_hold_is_encoded(text, expected):
    assert address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a.example",
        "/p",
        "p.html",
        "#top",
        "ftp://a.example/p",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "mailto:a@a.example",
        "https:a.example",
        "https:/a.example",
        "https://",
        "https:///p",
        "https://?q",
        "https://a b.example/",
        "https://a..example/",
        "https://.example/",
        "https://<script>/",
        "https://a.example:port/",
        "https://a.example:99999/",
        "https://a.example\\@evil.example/",
        "https://a%2eexample/",
        "https://[::1/",
        "https://[::1]/",
        "https://[1.2.3.4]/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://a.example/\ud800",
        "https://\ud800.example/",
    ],
    ids=ascii,
)
def test_anything_else_is_no_address(text):
    assert address(text) is None


@given(links | st.text(max_size=12) | st.text(alphabet="htps:/.@[]%?# é", max_size=24))
def test_a_published_address_is_plain_and_is_published_as_it_is(text):
    found = address(text)
    if found is not None:
        assert address(found) == found
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(' "<>\\^`{|}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("techstory.in", "techstory.in"),
        (" TechStory.IN ", "techstory.in"),
        ("www.TechStory.in", "techstory.in"),
        ("https://www.techstory.in/story?x#y", "techstory.in"),
        ("//techstory.in/story", "techstory.in"),
        ("http://user@techstory.in:8080/", "techstory.in"),
        ("news.techstory.in", "news.techstory.in"),
        ("wwwtech.in", "wwwtech.in"),
        ("techstory.in.", "techstory.in"),
        ("www.München.example", "xn--mnchen-3ya.example"),
        ("localhost", "localhost"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_the_domain_is_the_host_without_www(text, expected):
    assert domain(text) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "two words", "ftp://a.example", "../../etc", "<b>", "a..b", "."]
)
def test_what_is_no_host_has_no_domain(text):
    assert domain(text) is None


@given(st.text(max_size=8) | st.text(alphabet="wW./:@-é%", max_size=12))
def test_a_domain_holds_nothing_but_a_host(text):
    found = domain(text)
    assert found is None or set(found) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789._-:"
    )


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://a.example/s", STORY),
        ("http://a.example/s", STORY),
        ("HTTPS://A.EXAMPLE/s", STORY),
        ("//a.example/s", STORY),
        ("https://a.example:443/s", STORY),
        ("http://a.example:80/s", STORY),
        ("https://a.example:/s", STORY),
        ("https://a.example/s?", STORY),
        ("https://a.example/s#", STORY),
        ("https://a.example/s#top", STORY),
        ("https://a.example/%73", STORY),
        ("https://a.example", "https://a.example/"),
        ("https://a.example?q=1", "https://a.example/?q=1"),
        ("https://a.example/%7Eme", "https://a.example/~me"),
        ("https://a.example/%c3%a9", "https://a.example/%C3%A9"),
        ("https://a.example/é", "https://a.example/%C3%A9"),
        ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://a.example/#!/story/1", "https://a.example/#!/story/1"),
        ("https://a.example/#/story/1", "https://a.example/#/story/1"),
        ("http://a.example:8080/s", "https://a.example:8080/s"),
    ],
)
def test_a_link_is_normalised(link, expected):
    assert normalised(link) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/s", "https://www.a.example/s"),
        ("https://a.example/s", "https://a.example/s/"),
        ("https://a.example/s", "https://a.example/S"),
        ("https://a.example/s", "https://a.example:8443/s"),
        ("https://a.example/s?a=1", "https://a.example/s?a=2"),
        ("https://a.example/s?a=1&b=2", "https://a.example/s?b=2&a=1"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/#!1", "https://a.example/#!2"),
        ("https://a.example/s", "https://a.example/s?amp"),
    ],
)
def test_two_stories_stay_two(one, other):
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_tracker_is_taken_out(tracker):
    for query in (f"{tracker}=x", tracker, f"{tracker}=", f"{tracker}=a&{tracker}=b"):
        assert normalised(f"{STORY}?{query}") == STORY
        assert normalised(f"{STORY}?a=1&{query}&b=2") == f"{STORY}?a=1&b=2"


@pytest.mark.parametrize(
    "name",
    [
        *["ref", "source", "cid", "utm", "xutm_source", "fbclid2", "msclkid_", "_ga"],
        *["gad_source", "srsltid", "si", "epik", "mkt_tok", "s_cid"],
    ],
)
def test_the_list_of_trackers_is_closed(name):
    assert normalised(f"{STORY}?{name}=x") == f"{STORY}?{name}=x"


@given(links)
def test_a_normalised_link_is_its_own_normal_form(link):
    assert normalised(normalised(link)) == normalised(link)
    assert normalised(address(link)) == normalised(link)
    assert identity(normalised(link), SITE) == normalised(link)


@given(links, st.sampled_from(TRACKERS), st.sampled_from(["", "#top"]))
def test_the_way_a_link_was_shared_changes_no_id(link, tracker, fragment):
    plain = address(link).partition("#")[0]
    if plain.endswith(("?", "&")):
        plain = plain.rstrip("?&")
    shared = f"{plain}{'&' if '?' in plain else '?'}{tracker}=1{fragment}"
    assert normalised(shared) == normalised(plain)


@pytest.mark.parametrize(
    "own",
    [
        "https://a.example/s",
        "http://a.example/s?utm_source=x#top",
        "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
        "urn:isbn:0451450523",
        "tag:blog.example,2005:post-1",
        "tag:me@blog.example,2005-02-13:post-1",
        "info:doi/10.1000/182",
    ],
)
def test_an_id_that_is_a_uri_stays(own):
    assert identity(own, SITE) == own


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("42", "tag:feeds.example.org,2000:42"),
        ("story/42", "tag:feeds.example.org,2000:story/42"),
        ("a story", "tag:feeds.example.org,2000:a%20story"),
        ("é", "tag:feeds.example.org,2000:%C3%A9"),
        ("50%", "tag:feeds.example.org,2000:50%25"),
        ("a%20b", "tag:feeds.example.org,2000:a%2520b"),
        ("Story: one", "tag:feeds.example.org,2000:Story%3A%20one"),
        ("#1", "tag:feeds.example.org,2000:%231"),
        ("1:2", "tag:feeds.example.org,2000:1%3A2"),
        ("urn:uuid:nonsense", "tag:feeds.example.org,2000:urn%3Auuid%3Anonsense"),
        ("tag:nonsense", "tag:feeds.example.org,2000:tag%3Anonsense"),
        ("http://", "tag:feeds.example.org,2000:http%3A//"),
    ],
)
def test_an_id_that_is_no_uri_becomes_a_tag(own, expected):
    assert identity(own, SITE) == expected


OWN = st.text(alphabet="aA1:/%4 #é", min_size=1, max_size=6) | st.text(
    min_size=1, max_size=4
)


@given(OWN)
def test_an_identity_is_its_own_identity(own):
    found = identity(own, SITE)
    assert identity(found, SITE) == found
    assert found.isascii()
    assert not set(found) & set(' "<>\\^`{|}')


@given(
    st.text(alphabet="a1/% é", min_size=1, max_size=4),
    st.text(alphabet="a1/% é", min_size=1, max_size=4),
)
def test_two_ids_that_are_no_uris_never_meet(one, other):
    assert (identity(one, SITE) == identity(other, SITE)) == (one == other)


def test_a_tag_is_minted_in_the_name_of_the_site():
    assert tag("topics/vision", SITE) == "tag:feeds.example.org,2000:topics/vision"


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/p.jpg",
        "http://a.example:8080/p.jpg",
        "https://xn--mnchen-3ya.example/p.jpg",
        "HTTPS://A.EXAMPLE/p.jpg",
        "https://1.2.3.4/p.jpg",
    ],
)
def test_the_enclosure_carries_a_plain_host(url):
    assert enclosable(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://under_score.example/p.jpg",
        "https://localhost/p.jpg",
    ],
)
def test_the_enclosure_cannot_carry_any_other(url):
    assert not enclosable(url)


@pytest.mark.parametrize("port", ["0" * 5000, "0" * 5000 + "443"])
def test_a_port_may_have_any_number_of_zeros(port):
    assert normalised(address(f"https://a.example:{port}/")) is not None
    assert address(f"https://a.example:{'0' * 5000}99999/") is None


def test_a_host_of_endless_letters_is_none_at_once():
    assert address(f"https://{'é' * 500_000}.example/") is None


def test_a_path_up_and_down_is_walked_once():
    up = normalised(f"https://a.example{'/a' * 200_000}{'/..' * 199_999}")
    assert up == "https://a.example/a/"
