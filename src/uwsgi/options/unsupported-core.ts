/**
 * Options of uWSGI's core that undercroft does not have, by the reason.
 */

import type { NamesByReason } from './option-row.ts'

/** What to use instead, and the options. */
export const CORE_OUT_OF_SCOPE: NamesByReason = {
  'Run one systemd unit for each instance.': `
    call-as-emperor= call-as-emperor1= call-as-emperor2= call-as-emperor4= call-as-vassal=
    call-as-vassal1= call-as-vassal3= early-emperor emperor= emperor-broodlord= emperor-cap=
    emperor-chdir-attr= emperor-collect-attr= emperor-collect-attribute= emperor-command-socket=
    emperor-curse-tolerance= emperor-extra-ext= emperor-extra-extension= emperor-fork-server-attr=
    emperor-freq= emperor-graceful-shutdown emperor-magic-exec emperor-max-throttle=
    emperor-nofollow emperor-on-demand-dir= emperor-on-demand-directory= emperor-on-demand-exec=
    emperor-on-demand-ext= emperor-on-demand-extension= emperor-pidfile= emperor-procname=
    emperor-proxy-socket= emperor-required-heartbeat= emperor-stats= emperor-stats-server=
    emperor-subreaper emperor-throttle= emperor-trigger-socket= emperor-tyrant
    emperor-tyrant-initgroups emperor-tyrant-nofollow emperor-use-clone= emperor-use-fork-server=
    emperor-wait-for-command emperor-wait-for-command-ignore= emperor-wrapper=
    emperor-wrapper-attr= emperor-wrapper-fallback= emperor-wrapper-override= exec-as-emperor=
    exec-as-vassal= fork-server= fork-socket= heartbeat= hook-as-emperor=
    hook-as-emperor-before-vassal= hook-as-emperor-setns= hook-as-on-config-vassal=
    hook-as-on-demand-vassal= hook-as-vassal= hook-as-vassal-before-drop= hook-emperor-lost=
    hook-emperor-reload= hook-emperor-start= hook-emperor-stop= mount-as-emperor= mount-as-vassal=
    no-fd-passing umount-as-emperor= umount-as-vassal= vassal-cap= vassal-fork-base= vassal-set=
    vassal-sos= vassal-sos-backlog= vassals-cap= vassals-include= vassals-include-before=
    vassals-inherit= vassals-inherit-before= vassals-set= vassals-start-hook= vassals-stop-hook=
    zerg= zerg-fallback zerg-pool= zerg-server= zergpool= zeus=
  `,
  'Run a job queue in a process of its own.': `
    farm= hook-as-mule= mule mule-harakiri= mule-msg-recv-size= mule-msg-size= mule-reload-mercy=
    mules= spooler= spooler-chdir= spooler-cheap spooler-external= spooler-freq= spooler-frequency=
    spooler-harakiri= spooler-import= spooler-max-tasks= spooler-ordered spooler-processes=
    spooler-py-import= spooler-pyimport= spooler-python-import= spooler-quiet
    spooler-signal-as-task touch-mules-reload= touch-spoolers-reload=
  `,
  'Run the job by a systemd timer or cron, or by a timer in the module.': `
    cron= cron-curl= cron-curl-legion= cron-harakiri= cron-legion= cron2= curl-cron=
    curl-cron-legion= fs-signal= legion-cron= legion-cron-curl= legion-curl-cron= rbtimer= signal=
    signal-bufsize= signal-rbtimer= signal-timer= signals-bufsize= timer= touch-exec= touch-signal=
    unique-cron= unique-cron-legion= unique-legion-cron=
  `,
  'Run the program as a service of its own.': `
    attach-control-daemon= attach-daemon= attach-daemon2= daemons-honour-stdin
    legion-attach-daemon= legion-smart-attach-daemon= legion-smart-attach-daemon2=
    smart-attach-daemon= smart-attach-daemon2= worker-exec= worker-exec2=
  `,
  'Share the values by node, udp and sync of cache2; elect a leader by other means.': `
    legion= legion-death= legion-death-on-lord-error= legion-freq= legion-join= legion-lord=
    legion-mcast= legion-node= legion-node-joined= legion-node-left= legion-quorum= legion-scroll=
    legion-scroll-list-max-size= legion-scroll-max-size= legion-setup= legion-skew-tolerance=
    legion-tolerance= legion-unlord= multicast= multicast-loop= multicast-ttl=
  `,
  'Share the values through the caches.': `
    flock= flock-wait= flock-wait2= flock2= ftok= lock-engine= locks= persistent-ipcsem
    py-sharedarea= queue= queue-blocksize= queue-store= queue-store-sync= rpc-max= sharedarea=
  `,
  'Let the monitoring of the machine raise alarms.': `
    alarm= alarm-backlog= alarm-cheap= alarm-fd= alarm-freq= alarm-listen-queue= alarm-log=
    alarm-lq= alarm-msg-size= alarm-segfault= backlog-alarm= listen-queue-alarm= log-alarm=
    lq-alarm= not-alarm-log= not-log-alarm= segfault-alarm=
  `,
  'Filter, rotate and ship the log by tools of the system.': `
    log-backupname= log-big= log-drain= log-encoder= log-filter= log-ioerror= log-master
    log-master-bufsize= log-master-req-stream log-master-stream log-maxsize= log-prefix
    log-req-encoder= log-req-route= log-route= log-sendfile= log-socket= log-syslog log-truncate
    log-x-forwarded-for log-zero log-zeromq= logfile-chmod= logfile-chown logger= logger-req=
    req-logger= rsyslog-packet-size= rsyslog-split-messages threaded-logger touch-logrotate=
    worker-log-encoder= worker-log-req-encoder= worker-logger= worker-logger-req=
  `,
  'Choose the application by mount, or by the Host header in the module.': `
    no-default-app vhost vhost-host
  `,
  'Run it from the systemd unit, such as by ExecStartPre, or from the module.': `
    after-request-call= after-request-hook= call-as-root= call-as-user= call-as-user-atexit=
    call-asap= call-in-jail= call-post-app= call-post-jail= call-pre-app= call-pre-jail=
    exec-as-root= exec-as-user= exec-as-user-atexit= exec-asap= exec-in-jail= exec-post-app=
    exec-post-jail= exec-pre-app= exec-pre-jail= file-write= hook-accepting= hook-accepting-once=
    hook-accepting1= hook-accepting1-once= hook-as-root= hook-as-user= hook-as-user-atexit=
    hook-asap= hook-in-jail= hook-master-start= hook-post-app= hook-post-fork= hook-post-jail=
    hook-pre-app= hook-pre-jail= hook-touch= wait-for-dir= wait-for-file= wait-for-fs=
    wait-for-fs-timeout= wait-for-iface= wait-for-iface-timeout= wait-for-interface=
    wait-for-interface-timeout= wait-for-mountpoint= wait-for-socket= wait-for-socket-timeout=
    wait-iface= wait-iface-timeout= wait-interface= wait-interface-timeout=
  `,
  'Set the variable by env, or in the systemd unit.': `
    early-envdir= envdir= exit ienv= inject-after= inject-before= mode= resolve= unenv=
  `,
  'Change the user by uid and gid, or by User of the systemd unit.': `
    add-gid= drop-after-apps drop-after-init immediate-gid= immediate-uid= master-as-root
    no-initgroups re-fork re-fork-as-root re-fork-post-jail refork refork-as-root refork-post-jail
  `,
  'Change the directory by chdir.': `
    chdir2= force-cwd=
  `,
  'Let systemd start, stop and replace the service.': `
    brutal-reload-on-fd= cheap check-mount= check-mountpoint= die-on-idle die-on-no-workers
    exit-on-reload fd-safe= forkbomb-delay= fs-brutal-reload= fs-reload= harakiri-graceful-signal=
    harakiri-graceful-timeout= harakiri-queue-threshold= idle= mount-check= mountpoint-check=
    propagate-touch reaper reload-on-exception reload-on-exception-repr= reload-on-exception-type=
    reload-on-exception-value= reload-on-fd= safe-fd= skip-zero
  `,
  'Confine and limit the service by its systemd unit or a container.': `
    cap= cgroup= cgroup-dir-mode= cgroup-opt= chroot= cpu-affinity= jail= jail-attach= jail-ip4=
    jail-ip6= jail2= jailed jid-file= jidfile= ksm libjail= limit-as= limit-nproc= max-fd=
    mount-as-root= mount-asap= mount-in-jail= mount-post-jail= mount-pre-jail= namespace=
    namespace-keep-mount= namespace-net= never-swap ns= ns-net= pivot-root= pivot_root= prio=
    privileged-binary-patch= privileged-binary-patch-arg= setns= setns-preopen setns-skip=
    setns-socket= setns-socket-skip= umount-as-root= umount-asap= umount-in-jail= umount-post-jail=
    umount-pre-jail= unprivileged-binary-patch= unprivileged-binary-patch-arg= unshare= unshare2=
  `,
  'Replace workers by max-requests.': `
    cheaper-busyness-backlog-alert= cheaper-busyness-backlog-multiplier=
    cheaper-busyness-backlog-nonzero= cheaper-busyness-backlog-step= cheaper-busyness-multiplier=
    cheaper-busyness-penalty= cheaper-busyness-verbose cheaper-overload= cheaper-rss-limit-hard=
    cheaper-rss-limit-soft= evil-reload-on-as= max-requests-delta= max-worker-lifetime-delta=
    min-worker-lifetime= reload-on-as= reload-on-pss= reload-on-uss=
  `,
  'Serve by socket or http, and translate other protocols by nginx or HAProxy.': `
    abstract-socket allowed-modifiers= connect-and-read= enable-proxy-protocol fastcgi-modifier1=
    fastcgi-modifier2= fastcgi-nph-socket= fastcgi-socket= freebind http-socket-modifier1=
    http-socket-modifier2= http11-socket= https-export-cert https-session-context=
    https-socket-modifier1= https-socket-modifier2= map-socket= protocol= puwsgi-socket=
    raw-modifier1= raw-modifier2= raw-socket= remap-modifier= scgi-modifier1= scgi-modifier2=
    scgi-nph-socket= scgi-socket= shared-socket= shutdown-sockets= sni= sni-dir= sni-dir-ciphers=
    sni-regexp= socket-protocol= ssl-enable-sslv3 ssl-enable-tlsv1 ssl-enable3 ssl-option=
    ssl-session-timeout= ssl-session-use-cache ssl-sessions-timeout= ssl-sessions-use-cache
    ssl-socket= ssl-tmp-dir= ssl-verbose ssl-verify-depth suwsgi-socket= tcp-fast-open=
    tcp-fast-open-client tcp-fastopen= tcp-fastopen-client udp= undeferred-shared-socket=
    upload-progress= zeromq= zeromq-socket= zmq= zmq-socket=
  `,
  'Set the limit in the module, or by buffer-size.': `
    body-read-warning= chunked-input-limit= chunked-input-timeout= max-vars=
    response-headers-limit= websocket-max-size= websocket-ping-freq= websocket-pong-tolerance=
    websockets-max-size= websockets-ping-freq= websockets-pong-tolerance=
  `,
  'Reload by touch-reload.': `
    touch-workers-reload=
  `,
  'Serve it by nginx, or by the module.': `
    check-static-docroot collect-header= del-header= error-page-403= error-page-404=
    error-page-500= exception-handler= file-serve-mode= fileserve-mode= honour-range notfound-log
    pull-header= rem-header= response-header-collect= static-gzip= static-gzip-all static-gzip-dir=
    static-gzip-ext= static-gzip-prefix= static-gzip-suffix= static-map2= static-safe=
    static-skip-ext=
  `,
  'Write the options in one INI, YAML or JSON file.': `
    blacklist= command-mode config= config-py declare-option= declare-option2= dlopen= else=
    end-blacklist end-whitelist fallback-config= if-hostname= if-hostname-match= if-not-hostname=
    if-not-hostname-match= if-not-plugin= if-not-reload if-plugin= if-reload ifplugin= include=
    inherit= need-plugin= need-plugins= profiler= whitelist= xml= xmlconfig=
  `,
  'It is a command of uWSGI itself; see undercroft --help.': `
    alarm-list alarms-list binary-append-data= binary-path= build-plugin= cflags cheaper-algo-list
    cheaper-algos-list cheaper-list clock-list clocks-list dot-h dump-options emperor-no-blacklist
    extract= get= imperial-monitor-list imperial-monitors-list logger-list loggers-list loop-list
    loops-list pause= plugin-list plugins-list print-sym= print-symbol= python-version reload=
    resume= router-list routers-list show-config stop= suspend= usage version
  `,
  'It is not supported yet.': `
    cheaper-algo= cheaper-idle= https2= lazy log-format-strftime log-reopen logformat-strftime
    pidfile2= safe-pidfile2=
  `,
}

/** Why they have no meaning, and the options. */
export const CORE_WITHOUT_MEANING: NamesByReason = {
  'The statistics have no cores.': `
    stats-no-cores
  `,
  'Node.js and the kernel do this without an option.': `
    auto-procname autoload backtrace-depth= binsh= clock= close-on-exec close-on-exec2
    disable-sendfile disable-write-exception harakiri-no-arh harakiri-verbose ignore-script-name
    ignore-sigpipe ignore-write-errors iprint= listen= need-app no-defer-accept
    no-harakiri-after-req-hook no-harakiri-arh no-orphans no-server no-threads-wait offload-thread=
    pcre-jit plugin-dir= plugins-dir= post-buffering= post-buffering-bufsize= print= procname=
    procname-append= procname-master= procname-prefix= procname-prefix-spaced= skip-atexit
    skip-atexit-teardown so-keepalive so-send-timeout so-write-timeout socket-rcvbuf=
    socket-send-timeout socket-sndbuf= socket-write-timeout tcp-nodelay thread-stack-size=
    thread-stacksize= threads-stack-size= threads-stacksize= thunder-lock-watchdog use-abort
    write-errors-exception-only write-errors-tolerance=
  `,
}
