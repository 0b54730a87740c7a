# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix, and the same with what its documentation offers for many destinations."""
import shutil
import subprocess
from pathlib import Path

from namespaces import HOSTNAME
from places import HERE
from servers.server import ADDRESS, PORT, Mode, Server, count_files, kill, write

DATA = Path("/var/lib/postfix")


class Postfix(Server):
    name = "postfix"
    packages = ("postfix",)
    spool = Path("/var/spool/postfix")
    more = ""

    def launch(self, mode):
        shutil.rmtree(DATA, ignore_errors=True)
        DATA.mkdir(parents=True)
        shutil.chown(DATA, "postfix")
        allowed = "permit_mynetworks, reject"
        if mode is not Mode.RELAY:
            allowed = f"check_client_access static:HOLD, {allowed}"
        # Kinder than the defaults: no look-up of the client's name, which others do not do; no pause for senders that are
        # faster than delivery.
        write("/etc/postfix/main.cf", f"""compatibility_level = 3.6
myhostname = {HOSTNAME}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = {ADDRESS[0]}
inet_protocols = ipv4
queue_directory = {self.spool}
data_directory = {DATA}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
alias_maps =
alias_database =
local_recipient_maps =
smtpd_recipient_restrictions = {allowed}
smtpd_peername_lookup = no
in_flow_delay = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {HERE}/world/certificates/server.key, {HERE}/world/certificates/server.crt
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_tls_session_cache_database = btree:${{data_directory}}/smtp_scache
default_process_limit = {1100 if mode is Mode.IDLE else 100}
{self.more}""")
        services = []
        for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
            words = line.removeprefix("#").split()
            if words[:2] == ["smtp", "inet"] and not line.startswith("#"):
                words[0] = f"{ADDRESS[0]}:{PORT}"
            elif line.startswith("#") and words[:1] != ["tlsproxy"] or not words:
                continue
            if not line.startswith(" "):
                words[4] = "n"  # no chroot: it has a machine of its own already
            services.append(("  " if line.startswith(" ") else "") + " ".join(words))
        write("/etc/postfix/master.cf", "\n".join(services) + "\n")
        Path("/etc/postfix/dynamicmaps.cf").touch()
        self.run(["/usr/sbin/postfix", "start"])

    def arm(self):
        subprocess.run(["/usr/sbin/postsuper", "-H", "ALL"], stderr=subprocess.DEVNULL, check=True)

    def release(self):
        self.run(["/usr/sbin/postqueue", "-f"])

    def queued(self):
        return count_files(self.spool / folder for folder in ("hold", "incoming", "active", "deferred"))

    def ask_to_end(self):
        """`postfix stop` does the same, and then looks once a second."""
        kill(int((self.spool / "pid/master.pid").read_text()), 15)


class PostfixTuned(Postfix):
    name = "postfix-tuned"
    more = """smtp_tls_connection_reuse = yes
smtp_connection_cache_on_demand = yes
qmgr_message_active_limit = 40000
"""
