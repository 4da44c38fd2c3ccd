"""The unit under a real systemd: it starts, may do what it needs, loses nobody when restarted, takes credentials."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.machine import Machine, blocks, lacks

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak"),
    pytest.mark.skipif(lacks() is not None, reason=str(lacks())),
]

SCRIPT = r"""
say() { echo "$1: $2"; }
INSTALLS
say started "$(systemctl is-active dues)"
say owner "$(stat -c '%U %a' /var/lib/dues)"
cp /var/lib/dues/keys-of-* /root/keys
KEY=$(sed -n 's/^test secret *//p' /root/keys)
create() {
    curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/billing/accounts -H "Authorization: Bearer $KEY" \
        -H "Idempotency-Key: $1" -H 'Content-Type: application/json' \
        -d "{\"customer\": {\"external_reference\": \"C-$1\"}, \"external_reference\": \"A-$1\", \"currency\": \"ZAR\"}"
}
as_dues() { (cd / && setpriv --reuid dues --regid dues --clear-groups "$@"); }
(for i in $(seq 60); do create $i; sleep 0.05; done) > /root/codes &
systemctl restart dues
wait
say answers "$(sort /root/codes | uniq -c | xargs)"
as_dues env DUES_DATA=/var/lib/dues /opt/dues/bin/dues verify > /dev/null; say verified $?
echo DUES_WORKERS=2 > /etc/dues/settings.env
systemctl restart dues
pid() { systemctl show dues -p MainPID --value; }

say capabilities "$(sed -n 's/^CapBnd:\s*//p' /proc/$(pid)/status)"
kill -9 "$(pid)"
until [ "$(systemctl show dues -p NRestarts --value)" = 1 ]; do sleep 0.2; done
say killed "$(create again)"
systemctl stop dues.socket dues.service 2> /dev/null
say stopped "$(systemctl show dues -p Result -p ExecMainStatus --value | xargs)"

install -d -o dues /srv/own
as_dues env DUES_DATA=/srv/own DUES_PORT=9999 DUES_DRAIN_SECONDS=0 /opt/dues/bin/dues serve > /dev/null 2>&1 & OWN=$!
until curl -s -f -o /dev/null http://127.0.0.1:9999/readyz; do sleep 0.2; done
as_dues env DUES_DATA=/srv/own /opt/dues/bin/dues database-url > /root/url
sed -i "s|postgresql://dues_server:…@db.example.com/dues|$(sed 's/&/\\&/g' /root/url)|" /root/own
bash -e /root/own
say credentials "$(systemctl is-active dues) $(stat -c '%U %a' /etc/dues/database-url)"
KEY=$(sed -n 's/^test secret *//p' /srv/own/keys-of-*)
say account "$(create own)"
systemctl stop dues.socket dues.service 2> /dev/null
say secrets "$(journalctl -u dues | grep -c -F -e "$KEY" -f /etc/dues/secret-key -f /root/url)"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Thrown away at the end: it is large."""
    made = Machine(tmp_path / "root")
    (made.root / "root" / "own").write_text(blocks()[4])
    yield made
    shutil.rmtree(made.root)


def test_what_the_guide_installs_runs_as_it_says(machine: Machine) -> None:
    printed = machine.does(SCRIPT.replace("INSTALLS", machine.installs))
    print(printed)
    said = dict(re.findall(r"^(\w+): (.*)$", printed, re.MULTILINE))
    assert said == {
        "started": "active",  # which `systemctl enable --now` waited for
        "owner": "dues 700",
        "answers": "60 201",
        "verified": "0",
        "capabilities": "0" * 16,
        "killed": "201",
        "stopped": "success 0",
        "credentials": "active root 600",
        "account": "201",
        "secrets": "0",
    }
