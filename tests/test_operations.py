"""The operator's guide cannot lie: each of its snippets is tried, as it stands.

On a machine of its own, which costs the real one nothing: namespaces, this system's files
under a layer in memory, and the paths of the guide.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.hub import Hub
from tests.site import CONFIG, Site

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs/operations.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
UNITS = {
    text.partition("\n")[0].removeprefix("# /etc/systemd/system/"): text
    for language, text in BLOCKS
    if language == "ini"
}
OUTSIDE = """
set -eu
mkdir groups machine
mount -t cgroup2 none groups
group=groups/feeds-$2
mkdir "$group"
echo 0 > "$group/cgroup.procs"
unshare --cgroup --mount --pid --fork --kill-child=KILL --uts --ipc --net sh inside &
while [ ! -s site/result ] && kill -0 $! 2>/dev/null; do sleep 0.05; done
kill -KILL $! 2>/dev/null || :
code=0
wait $! || code=$?
echo 0 > groups/cgroup.procs
for _ in 1 2 3 4 5 6 7 8 9; do
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
  sleep 0.1
done
exit $code
"""
INSIDE = """
set -eu
here=$PWD
mount -t tmpfs none machine
cd machine
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work none root
cd root
for place in run tmp var/tmp dev; do mount -t tmpfs -o mode=755 none $place; done
chmod 1777 tmp var/tmp
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 dev/${node%:*} c 1 ${node#*:}
done
mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts old
mount -t proc none proc
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
mount -t sysfs -o ro none sys
mount -t tmpfs none sys/fs/cgroup
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 none opt
mount -t tmpfs -o mode=755 none srv
mkdir -p srv/news opt/feeds/bin opt/feeds/python opt/feeds/packages opt/feeds/lib/feeds
mount --bind "$here/site" srv/news
show() { mount --bind "$1" "$2" && mount -o remount,bind,ro "$2"; }
show "$PYTHON" opt/feeds/python
show "$PACKAGES" opt/feeds/packages
show "$OURS" opt/feeds/lib/feeds
cp "$here/program" opt/feeds/bin/feeds
chmod 755 opt/feeds/bin/feeds
pivot_root . old
umount -l /old
cd /srv/news
"""
PROGRAM = f"""#!/bin/sh
export PYTHONPATH=/opt/feeds/lib:/opt/feeds/packages LD_LIBRARY_PATH=/opt/feeds/python/lib
exec /opt/feeds/python/bin/python3.{sys.version_info.minor} -m feeds "$@"
"""


def snippet(part):
    """Find the one snippet whose first line says so."""
    (found,) = [text for _, text in BLOCKS if part in text.partition("\n")[0]]
    return found


def blocks(heading):
    """Give the shell snippets below a heading."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def needs(name, package):
    if found := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
        return found
    return _without(f"{name} is missing: apt-get install {package}")


def _without(reason):
    (pytest.fail if "FEEDS_REQUIRE_TOOLS" in os.environ else pytest.skip)(reason)


@pytest.fixture
def machine(tmp_path):
    """Run a shell script as root of a machine with a site and the program on it.

    Only where it is asked for: nobody's `make test` is to start systemd as root.
    """
    if "FEEDS_REQUIRE_TOOLS" not in os.environ:
        pytest.skip("starts cron and systemd: set FEEDS_REQUIRE_TOOLS to have it done")
    if not sys.platform.startswith("linux") or os.geteuid():
        pytest.skip("a machine of its own needs Linux and root")
    unshare = needs("unshare", "util-linux")
    if subprocess.run([unshare, "--mount", "true"], check=False).returncode:
        pytest.skip("a machine of its own needs rights that this container lacks")
    site = Site(tmp_path / "site")
    site.folder.mkdir(mode=0o755)
    site.configure()
    site.fill(20)
    (tmp_path / "program").write_text(PROGRAM)
    (tmp_path / "outside").write_text(OUTSIDE)

    def run(script):
        shutil.rmtree(tmp_path / "machine", ignore_errors=True)
        shutil.rmtree(tmp_path / "groups", ignore_errors=True)
        (tmp_path / "inside").write_text(INSIDE + script)
        command = [unshare, "--mount", "--pid", "--fork", "--kill-child=KILL"]
        return subprocess.run(
            [*command, "sh", "outside", "machine", str(os.getpid())],
            cwd=tmp_path,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "PYTHON": sys.base_prefix,
                "PACKAGES": sysconfig.get_path("platlib"),
                "OURS": str(ROOT / "feeds"),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=50,
        )

    run.site = site
    return run


_, SETUP, CHECK = blocks("Install")


def install(units, folder="/etc/systemd/system"):
    """Write units as a shell would."""
    return "".join(
        f"mkdir -p $(dirname {folder}/{name})\ncat > {folder}/{name} <<'END'\n{text}\nEND\n"
        for name, text in units.items()
    )


def test_the_machine_is_private(machine):
    done = machine("touch /etc/feeds-was-here /tmp/feeds-was-here; hostname elsewhere")
    assert (done.returncode, done.stderr) == (0, "")
    assert not Path("/etc/feeds-was-here").exists()
    assert not Path("/tmp/feeds-was-here").exists()


def test_no_snippet_is_left_out():
    tried = [*["crontab"] * 2, *["yaml"] * 2, *["nginx"] * 4, *["caddy"] * 3]
    tried += [*["ini"] * 5, *["sh"] * 9]
    tried.append("diff")  # by tests/test_also.py
    assert sorted(language for language, _ in BLOCKS) == sorted(tried)


CRON = """
# What cron mails goes through this.
cat > /usr/sbin/sendmail <<'END'
#!/bin/sh
cat > /tmp/mail
END
chmod +x /usr/sbin/sendmail
rm -f /etc/cron.d/* /etc/crontab /var/spool/cron/crontabs/*
cat > /tmp/crontab <<'END'
%s
END
crontab -u feeds /tmp/crontab
# The same line at the start of cron instead of in ten minutes.
sed -i 's,^[*]/10 [*] [*] [*] [*],@reboot,' /tmp/crontab
grep -q ^@reboot /tmp/crontab
crontab -u feeds /tmp/crontab
cron -f &
until pgrep -P $! > /dev/null; do sleep 0.02; done
while pgrep -P $! > /dev/null; do sleep 0.02; done
cp /tmp/mail /srv/news 2> /dev/null || :
"""


def test_cron_builds_and_mails_only_what_is_wrong_once(machine):
    needs("cron", "cron")
    needs("pgrep", "procps")
    site, mail = machine.site, machine.site.folder / "mail"
    script = SETUP + CRON % next(text for _, text in BLOCKS if "MAILTO" in text)

    def mailed():
        mail.unlink(missing_ok=True)
        done = machine(script)
        assert done.returncode == 0, done.stderr
        return mail.read_text() if mail.exists() else None

    assert mailed() is None
    assert site.output().keys() == {
        "all.atom",
        "all.rss",
        "topics/ai.atom",
        "topics/ai.rss",
    }
    site.write("bad.md", publishedDateTime="soon")
    said = mailed()
    assert "To: news@example.org" in said
    assert "records/bad.md:4: publishedDateTime:" in said
    assert mailed() is None
    site.configure("site: {}\n")
    assert "feeds.yaml:1: site.title: missing" in mailed()


def test_cron_builds_two_sites_from_one_line(machine):
    needs("cron", "cron")
    needs("pgrep", "procps")
    (line,) = [text for _, text in BLOCKS if "/srv/sport" in text]
    copied = "cp -r /srv/news /srv/sport; chown -R feeds /srv/sport\n"
    broken = "echo 'site: {}' > /srv/sport/feeds.yaml\n"
    done = machine(SETUP + copied + broken + CRON % line)
    assert done.returncode == 0, done.stderr
    assert (
        "/srv/sport/feeds.yaml:1: site.title: missing"
        in (machine.site.folder / "mail").read_text()
    )
    assert "all.rss" in machine.site.output()


OPEN = {"feeds.service.d/hubs.conf", "feeds.service.d/network.conf"}


def test_the_units_are_valid_and_safe(machine):
    needs("systemd-analyze", "systemd")
    without = {name: text for name, text in UNITS.items() if name not in OPEN}
    look = "cd /etc/systemd/system\n" + (
        "systemd-analyze verify --man=no ./feeds.service ./feeds.timer\n"
        "systemd-analyze security --offline=true --threshold={} ./feeds.service\n"
    )
    # In tenths; what may reach hubs may reach others.
    alone, online = look.format(10), look.format(20)
    done = machine(SETUP + install(without) + alone + install(UNITS) + online)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


START = """
mkdir -p /run/units
for name in sysinit basic timers shutdown; do
  printf '[Unit]\\nDefaultDependencies=no\\n' > /run/units/$name.target
done
exec env -i container=feeds SYSTEMD_UNIT_PATH=/run/units PATH=/usr/bin:/bin \\
  /lib/systemd/systemd --system --unit=feeds.service --show-status=no --log-level=emerg
"""
PROBE = """\
[Service]
StandardOutput=append:/srv/news/log
StandardError=append:/srv/news/log
ExecStartPost=/bin/sh -c 'for place in /srv/news /srv/news/records /mnt /opt; \
do touch $place/x && echo $place > /srv/news/output/escaped; done 2>/dev/null; true'
ExecStopPost=+/bin/sh -c 'cp /var/lib/feeds/*.prom /srv/news 2>/dev/null; true'
ExecStopPost=+/bin/sh -c 'echo $SERVICE_RESULT $EXIT_STATUS > /srv/news/result'
"""
METRICS = "feeds.service.d/metrics.conf"
NETWORK = "feeds.service.d/network.conf"
USER = next(line for line in SETUP.splitlines() if line.startswith("useradd")) + "\n"


@pytest.mark.parametrize(
    "units",
    [["feeds.service"], ["feeds.service", METRICS], ["feeds.service", NETWORK]],
)
def test_systemd_builds_and_lets_nothing_else_be_written(machine, units):
    needs("/lib/systemd/systemd", "systemd")
    site = machine.site
    site.fill(500)  # enough for worker processes
    site.configure(f"{CONFIG}measure_images: true\n")
    site.write("p.md", images="https://a.example/p.jpg")  # nobody is there
    loose = "chmod 777 /srv/news /srv/news/records /mnt /opt\n"
    wanted = {name: UNITS[name] for name in units}
    probe = {"feeds.service.d/zz.conf": PROBE}
    done = machine(f"{USER}{loose}{install(wanted | probe, '/run/units')}{START}")
    assert (site.folder / "result").read_text() == "success 0\n", done
    log = site.folder / "log"
    assert "escaped" not in site.output()
    assert b"<title>Title of 00499.md</title>" in site.output()["all.rss"]
    metrics = site.folder / "feeds.prom"
    assert metrics.exists() == (METRICS in units)
    assert log.read_text() == ""


def test_a_mistake_makes_the_unit_fail(machine):
    needs("/lib/systemd/systemd", "systemd")
    machine.site.configure("site: {}\n")
    units = {"feeds.service": UNITS["feeds.service"], "feeds.service.d/zz.conf": PROBE}
    machine(f"{USER}{install(units, '/run/units')}{START}")
    assert (machine.site.folder / "result").read_text() == "exit-code 2\n"
    assert "site.title: missing" in (machine.site.folder / "log").read_text()


def test_the_output_moves_without_a_document_written_anew(machine):
    pack, unpack = blocks("Back up, move")
    done = machine(
        f"{SETUP}\n(cd /srv/news; runuser -u feeds -- /opt/feeds/bin/feeds build)\n"
        f"{CHECK}\n{pack}\ncd /\numount /srv/news\n{unpack}\nls -A /srv/news"
    )
    assert done.returncode == 0, done.stderr
    built, moved, *files = done.stdout.splitlines()
    assert built.endswith("2 feeds written, 0 unchanged, 0 removed")
    assert "20 records, 0 problems" in done.stderr
    assert moved.endswith("nothing changed in 2 feeds")
    assert files == [".feeds", "feeds.yaml", "output", "records"]


def test_a_refusal_and_a_lost_state_are_recovered_from(machine):
    look, force, forget = blocks("Recover")
    build = "runuser -u feeds -- /opt/feeds/bin/feeds build"
    done = machine(
        f"{SETUP}\n{build}\nrm records/*[1-9].md\n{build} -q || echo refused $?\n"
        f"{look}\n{force}\n{forget}"
    )
    assert done.returncode == 0, done.stderr
    assert "would take away 18 of 20 records" in done.stderr
    assert re.search(r"^refused 3$", done.stdout, re.MULTILINE)
    assert "18 gone" in done.stdout
    assert done.stdout.endswith("nothing changed in 2 feeds\n")


def test_what_is_alerted_on_is_measured(tmp_path):
    site = Site(tmp_path)
    site.configure()
    site.write()
    site.build("--metrics", "feeds.prom")
    rules, _ = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]
    (group,) = rules["groups"]
    told = " ".join(rule["expr"] for rule in group["rules"])
    measured = (tmp_path / "feeds.prom").read_text()
    assert set(re.findall(r"feeds_\w+(?:{[^}]*})?", told)) <= set(
        re.findall(r"^(\S+) ", measured, re.MULTILINE)
    )


def test_hubs_are_told_once_the_output_is_where_it_is_served(tmp_path):
    (script,) = blocks("Tell hubs")
    hubs = next(text for name, text in BLOCKS if name == "yaml" and "hubs:" in text)
    site = Site(tmp_path)
    site.write()
    (tmp_path / "feeds").write_text(f'#!/bin/sh\nexec {sys.executable} -m feeds "$@"\n')
    (tmp_path / "feeds").chmod(0o755)
    with Hub().running() as hub:
        named = hubs.replace("https://hub.example.org/", f'"{hub.address}"')
        site.configure(CONFIG + named)
        script = script.replace("/srv/news", str(tmp_path))
        script = script.replace("runuser -u feeds -- /opt/feeds/bin/feeds", "./feeds")
        copy = "# copy the output to where it is served, then:"
        assert copy in script
        done = subprocess.run(
            ["sh", "-euc", script.replace(copy, "touch copied")],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.endswith(f"{hub.address}: took 4 addresses: 202 Accepted\n")
        assert len(hub.pinged) == 4


def test_messages_for_collectors_have_the_keys_named(tmp_path):
    site = Site(tmp_path)
    site.configure()
    site.write(title=None)
    said = json.loads(site.build("-q", "--log-format", "json").err)
    assert all(f"`{key}`" in DOCUMENT for key in said)
    assert said.keys() == {"time", "level", "message", "file", "line", "reason"}


def test_the_exit_codes_are_those_of_the_readme():
    rows = r"^\| ([\d, ]+) \|"
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = re.findall(rows, readme, re.MULTILINE)
    assert listed
    assert re.findall(rows, DOCUMENT, re.MULTILINE) == listed
