# instances.sed: makes the template of a second instance (meterd@NAME) of a unit. `make install` uses it, so that the two never differ.
s/meterd-ingest\.socket/meterd-ingest@%i.socket/g
s/meterd-control\.socket/meterd-control@%i.socket/g
s/meterd-backup\.service/meterd-backup@%i.service/g
s/^\(Requisite\|After\|Service\)=meterd\.service/\1=meterd@%i.service/
s/is made by tmpfiles\.d:/is made below, or by a socket unit:/
s/^Description=.*/& (%i)/
s|/etc/meterd/meterd\.yaml|/etc/meterd/%i.yaml|
s|/run/meterd|/run/meterd-%i|
s|^StateDirectory=meterd$|StateDirectory=meterd-%i|
s|/var/backups/meterd|/var/backups/meterd-%i|
s|^\(ExecReload=.*meterctl reload\)$|\1 --socket /run/meterd-%i/control.sock|
s|^ExecStart=/usr/bin/meterctl backup.*|& --socket /run/meterd-%i/control.sock|
/^Type=notify$/a\
ExecStartPre=+/usr/bin/install -d -o meterd -g meterd /run/meterd-%i\
Environment=METERD_STATE_DIR=/var/lib/meterd-%i METERD_BACKUP_FOLDER=/var/backups/meterd-%i\
Environment=METERD_INGEST_SOCKET=/run/meterd-%i/ingest.sock METERD_CONTROL_SOCKET=/run/meterd-%i/control.sock
/^Type=oneshot$/a\
ExecStartPre=+/usr/bin/install -d -o meterd -g meterd -m 0700 /var/backups/meterd-%i
