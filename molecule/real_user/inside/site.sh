#!/bin/sh
# The accounts and directories of a site, as far as the tests need them.
set -eu
groupadd --gid 3001 lab
groupadd --gid 3002 scientists
groupadd --gid 3003 staffgroup
useradd --uid 1450 --create-home --shell /bin/bash galaxy
useradd --uid 2001 --create-home --shell /bin/bash --groups lab,scientists alice
useradd --uid 2002 --create-home --shell /bin/bash --groups scientists bob
# Whom no job may run as, each for a reason of its own. The system's own daemon and a nologin user are not in the group: the
# role would refuse a group with them.
useradd --uid 2003 --create-home --shell /usr/sbin/nologin nologin
useradd --uid 2004 --create-home --shell /bin/bash denied
useradd --uid 70000 --no-log-init --create-home --shell /bin/bash far
useradd --uid 2005 --create-home --shell /bin/bash stranger
useradd --uid 2006 --create-home --shell /bin/bash mallory
install -d -o galaxy -g galaxy -m 0755 /srv/galaxy /srv/galaxy/jobs /srv/galaxy/jobs-x /srv/galaxy/var
install -d -o galaxy -g galaxy -m 1777 /srv/galaxy/var/tmp
install -d /opt/stand-in
: > /opt/stand-in/libdrmaa.so
