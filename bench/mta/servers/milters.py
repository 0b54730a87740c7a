# SPDX-License-Identifier: Apache-2.0
"""Debian's OpenDKIM and OpenDMARC, as a mail server would ask them: first the one, then, with its result in the header, the
other. OpenDKIM validates by libunbound in its own process, OpenDMARC asks the Unbound, and checks SPF itself."""
import socket
from pathlib import Path

from milter import Milter
from namespaces import HOSTNAME
from places import HERE
from servers.server import Server, write
from world import wait_until

DKIM, DMARC = ("127.0.0.1", 8891), ("127.0.0.1", 8893)
CLIENT, HELO = "127.0.0.1", "source.bench"


class Milters(Server):
    name = "opendkim+opendmarc"
    packages = ("opendkim", "opendmarc")

    def launch_filters(self):
        nobody = "/etc/no-hosts"
        write(nobody, "")
        write("/etc/opendkim.conf", f"""Mode v
Socket inet:{DKIM[1]}@{DKIM[0]}
UserID root
Background no
Syslog no
AuthservID {HOSTNAME}
AlwaysAddARHeader yes
InternalHosts {nobody}
ExternalIgnoreList {nobody}
TrustAnchorFile {HERE}/world/root.key
Nameservers 127.0.0.1
On-BadSignature accept
""")
        write("/etc/opendmarc.conf", f"""Socket inet:{DMARC[1]}@{DMARC[0]}
UserID root
Background no
Syslog no
AuthservID {HOSTNAME}
TrustedAuthservIDs {HOSTNAME}
IgnoreHosts {nobody}
SPFIgnoreResults yes
SPFSelfValidate yes
RejectFailures no
""")
        self.spawn(["/usr/sbin/opendkim", "-f", "-x", "/etc/opendkim.conf"])
        self.spawn(["/usr/sbin/opendmarc", "-f", "-c", "/etc/opendmarc.conf"])
        wait_until(lambda: reachable(DKIM) and reachable(DMARC), 20, self.name)

    def connect(self):
        return Milter(DKIM, CLIENT, HELO), Milter(DMARC, CLIENT, HELO)

    @staticmethod
    def authenticate(filters, number, sender, recipient, headers, body):
        """What the two put into the header."""
        dkim, dmarc = filters
        found = dkim.letter(number, sender, recipient, headers, body)
        return found + dmarc.letter(number, sender, recipient, [*found, *headers], body)


def reachable(address):
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0
