# SPDX-License-Identifier: Apache-2.0
"""Debian's Exim (light, GnuTLS)."""
import shutil
import subprocess
from pathlib import Path

from namespaces import HOSTNAME
from places import HERE
from servers.server import ADDRESS, PORT, Mode, Server, count_files, write

RUNNERS = 20
KEY = "/etc/exim4/key.pem"


class Exim(Server):
    name = "exim"
    packages = ("exim",)
    spool = Path("/var/spool/exim4")
    drained = 1500  # of 5,000: at 100 a second the rest tells nothing more

    def launch(self, mode):
        logs = Path("/run/exim")
        logs.mkdir(exist_ok=True)
        for folder in (logs, self.spool):
            shutil.chown(folder, "Debian-exim", "Debian-exim")
        write(KEY, (HERE / "world/certificates/server.key").read_text(), mode=0o640, group="Debian-exim")
        write("/etc/exim4/exim4.conf", f"""primary_hostname = {HOSTNAME}
daemon_smtp_ports = {PORT}
local_interfaces = {ADDRESS[0]}
spool_directory = {self.spool}
log_file_path = {logs}/%slog
split_spool_directory = true
queue_only = {"false" if mode is Mode.RELAY else "true"}
queue_run_max = 100
smtp_accept_max = 3000
smtp_accept_max_per_connection = 10000
smtp_accept_queue_per_connection = 10000
smtp_connect_backlog = 1000
smtp_accept_queue = 0
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = {HERE}/world/certificates/server.crt
tls_privatekey = {KEY}
dns_dnssec_ok = 1
acl_smtp_rcpt = accepted
acl_smtp_data = accepted
begin acl
accepted:
  accept
begin routers
dnslookup:
  driver = dnslookup
  domains = *
  transport = remote_smtp
  dnssec_request_domains = *
  self = send
  no_more
begin transports
remote_smtp:
  driver = smtp
  dnssec_request_domains = *
  hosts_require_dane = *
begin retry
*  *  F,2h,15m
""")
        self.spawn(["/usr/sbin/exim4", "-bdf"])

    def release(self):
        """The usual way to empty a long queue: several runners at once."""
        for _ in range(RUNNERS):
            self.group.spawn(["/usr/sbin/exim4", "-qff"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def queued(self):
        return count_files([self.spool / "input"], ending="-H")
