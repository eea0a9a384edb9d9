/**
 * Options of uWSGI's plugins that undercroft does not have, by the reason.
 */

import type { NamesByReason } from './option-row.ts'

/** What to use instead, and the options. */
export const PLUGINS_OUT_OF_SCOPE: NamesByReason = {
  'Balance and forward requests by nginx or HAProxy.': `
    fastrouter= fastrouter-buffer-size= fastrouter-cheap fastrouter-defer-connect-timeout=
    fastrouter-emperor-socket= fastrouter-events= fastrouter-fallback=
    fastrouter-fallback-on-no-key fastrouter-force-key= fastrouter-gid= fastrouter-gracetime=
    fastrouter-harakiri= fastrouter-max-retries= fastrouter-post-buffering=
    fastrouter-post-buffering-dir= fastrouter-processes= fastrouter-quiet= fastrouter-resubscribe=
    fastrouter-resubscribe-bind= fastrouter-ss= fastrouter-stats= fastrouter-stats-server=
    fastrouter-subscription-fallback-key= fastrouter-subscription-server=
    fastrouter-subscription-slot= fastrouter-timeout= fastrouter-to= fastrouter-uid=
    fastrouter-use-base= fastrouter-use-cache fastrouter-use-code-string= fastrouter-use-pattern=
    fastrouter-use-socket fastrouter-workers= fastrouter-zerg= force-gateway forkpty-router=
    forkpty-router-cmd= forkpty-router-command= forkpty-urouter= forkptyrouter= forkptyrouter-cheap
    forkptyrouter-cmd= forkptyrouter-cols= forkptyrouter-command= forkptyrouter-events=
    forkptyrouter-fallback= forkptyrouter-harakiri= forkptyrouter-processes= forkptyrouter-rows=
    forkptyrouter-ss= forkptyrouter-stats= forkptyrouter-stats-server= forkptyrouter-timeout=
    forkptyrouter-workers= forkptyrouter-zerg= forkptyurouter= hook-as-gateway= http-backend-http
    http-fallback= http-resubscribe= http-stud-prefix= http-subscription-fallback-key=
    http-subscription-server= http-to= http-use-base= http-use-cache http-use-code-string=
    http-use-pattern= http-use-socket http-zerg= httprouter= mongrel2= notify-socket= rawrouter=
    rawrouter-buffer-size= rawrouter-cheap rawrouter-events= rawrouter-fallback=
    rawrouter-gracetime= rawrouter-harakiri= rawrouter-max-retries= rawrouter-processes=
    rawrouter-quiet= rawrouter-ss= rawrouter-stats= rawrouter-stats-server=
    rawrouter-subscription-server= rawrouter-subscription-slot= rawrouter-timeout= rawrouter-to=
    rawrouter-use-base= rawrouter-use-cache rawrouter-use-code-string= rawrouter-use-pattern=
    rawrouter-use-socket rawrouter-workers= rawrouter-xclient rawrouter-zerg= sslrouter=
    sslrouter-buffer-size= sslrouter-cheap sslrouter-events= sslrouter-fallback=
    sslrouter-gracetime= sslrouter-harakiri= sslrouter-max-retries= sslrouter-processes=
    sslrouter-quiet= sslrouter-session-context= sslrouter-sni sslrouter-ss= sslrouter-stats=
    sslrouter-stats-server= sslrouter-subscription-server= sslrouter-timeout= sslrouter-to=
    sslrouter-use-base= sslrouter-use-cache sslrouter-use-code-string= sslrouter-use-pattern=
    sslrouter-use-socket sslrouter-workers= sslrouter-zerg= sslrouter2= st= start-unsubscribed
    subscribe= subscribe-freq= subscribe-to= subscribe-with-modifier1= subscribe2=
    subscription-algo= subscription-clear-on-shutdown subscription-dotsplit
    subscription-mountpoint= subscription-mountpoints= subscription-notify-socket=
    subscription-tolerance= subscription-tolerance-inactive= subscription-vassal-required
    subscriptions-credentials-check= subscriptions-sign-check= subscriptions-sign-check-tolerance=
    subscriptions-sign-skip-uid= subscriptions-use-credentials unsubscribe-on-graceful-reload
  `,
  'There is no router in front of the workers; see http-request-timeout.': `
    http-auto-gzip http-buffer-size= http-cheap http-connect-timeout= http-enable-proxy-protocol
    http-events= http-gid= http-gracetime= http-harakiri= http-manage-expect http-manage-rtsp
    http-manage-source http-modifier1= http-modifier2= http-path-info-no-decode-slashes=
    http-post-buffering= http-post-buffering-dir= http-quiet= http-server-name-as-http-host=
    http-ss= http-stats= http-stats-server= http-timeout= http-uid= http-var=
  `,
  'Let Prometheus read /metrics of the stats server.': `
    alarm-metric= auto-weight= carbon= carbon-freq= carbon-hostname-dots= carbon-id=
    carbon-idle-avg= carbon-max-retry= carbon-name-resolve carbon-no-workers carbon-resolve-names
    carbon-retry-delay= carbon-root= carbon-timeout= carbon-use-metrics enable-metrics
    mem-collector-freq= memory-report metric= metric-alarm= metric-dir= metric-dir-restore
    metric-threshold= metrics-dir= metrics-dir-restore metrics-no-cores nagios ping= ping-timeout=
    rrdtool= rrdtool-freq= rrdtool-lib= snmp snmp-community= stats-no-metrics stats-push=
    stats-pusher-default-freq= stats-pushers-default-freq= statsd-all-gauges statsd-no-workers
    weight= zabbix-template
  `,
  'Run programs of this language under uWSGI; they reach a cache here as NAME@ADDRESS.': `
    cgi= cgi-allowed-ext= cgi-async-max-attempts cgi-buffer-size= cgi-close-stdin-on-eof
    cgi-do-not-kill-on-error cgi-dontresolve cgi-from-docroot cgi-helper= cgi-index= cgi-loadlib=
    cgi-map-helper= cgi-mode cgi-optimize cgi-optimized cgi-path-info cgi-safe= cgi-timeout=
    cgi-unset= clojure-load= early-perl= early-perl-exec= early-php early-php-sapi-name=
    early-psgi= gccgo-args= gccgo-load= gemset= go-args= go-load= goroutines= jvm-class=
    jvm-classpath= jvm-main-class= jvm-opt= jwsgi= lua= lua-gc-freq= lua-gc-full lua-load=
    lua-postfork-mule= lua-postfork-spooler= lua-postfork-worker= lua-postload= lua-shell
    lua-shell-oneshot luashell luashell-oneshot mono-app= mono-assembly= mono-config= mono-exec=
    mono-gc-freq= mono-index= mono-key= mono-version= perl-arg= perl-args= perl-auto-reload=
    perl-auto-reload-ignore= perl-exec= perl-exec-post-fork= perl-local-lib= perl-no-die-catch
    perl-no-plack perl-version php-allowed-docroot= php-allowed-ext= php-allowed-script= php-app=
    php-app-bypass= php-app-qs= php-config= php-config-append= php-constant= php-docroot=
    php-dump-config php-exec-after= php-exec-before= php-exec-begin= php-exec-end= php-fallback=
    php-fallback-qs= php-fallback2= php-index= php-ini= php-ini-append= php-mount= php-sapi-name=
    php-server-software= php-set= php-var= plshell plshell-oneshot psgi= psgi-enable-psgix-io
    pypy-eval= pypy-eval-post-fork= pypy-exec= pypy-exec-post-fork= pypy-home= pypy-ini-paste=
    pypy-lib= pypy-paste= pypy-pp= pypy-python-path= pypy-pythonpath= pypy-setup= pypy-wsgi=
    pypy-wsgi-file= rack= rails= rb-gc-freq= rb-lib= rb-require= rb-thread rb-threads rbrequire=
    rbshell rbshell-oneshot rbthread rbthreads require= ring-app= ring-load= ruby-gc-freq=
    ruby-lib= ruby-require= rubyrequire= rvm= rvm-path= shared-rb-require= shared-rbrequire=
    shared-require= shared-ruby-require= shared-rubyrequire= v8-gc-freq= v8-jsgi= v8-load=
    v8-module-path= v8-preemptive=
  `,
  'Run this plugin under uWSGI; it reaches a cache here as NAME@ADDRESS.': `
    dumbloop-code= dumbloop-function= dumbloop-modifier1= geoip-city= geoip-country= geoip-use-disk
    glusterfs-mount= glusterfs-timeout= gridfs-debug gridfs-mount= ldap= ldap-schema
    ldap-schema-ldif pam= pam-user= pty-connect= pty-exec= pty-input pty-log pty-no-isig
    pty-socket= pty-uconnect= rados-mount= rados-timeout= sqlite= sqlite3= symcall=
    symcall-post-fork= symcall-register-rpc= symcall-use-next tuntap-device= tuntap-device-rule=
    tuntap-router= tuntap-router-firewall-in= tuntap-router-firewall-out= tuntap-router-route=
    tuntap-router-stats= tuntap-use-credentials webdav-add-collection-prop=
    webdav-add-collection-prop-comp= webdav-add-collection-prop-href= webdav-add-object-prop=
    webdav-add-object-prop-comp= webdav-add-object-prop-href= webdav-add-option= webdav-add-prop=
    webdav-add-prop-comp= webdav-add-prop-href= webdav-add-rtype-collection-prop=
    webdav-add-rtype-object-prop= webdav-add-rtype-prop= webdav-class-directory= webdav-css=
    webdav-div= webdav-javascript= webdav-js= webdav-lock-cache= webdav-mount=
    webdav-principal-base= webdav-skip-prop= xslt-content-type= xslt-docroot= xslt-ext=
    xslt-stylesheet= xslt-var=
  `,
  'Name the application by module = app.js.': `
    dynamic-apps file= ini-paste= ini-paste-logged= max-apps= paste= paste-logger paste-name=
    pecan= pump= python= python-raw= python-worker-override= test= web3= worker-mount= wsgi-lite=
  `,
  'Import or run it in the module.': `
    early-pyimport= early-python-import= eval= import= py-import= pyimport= pyrun= pyshell
    pyshell-oneshot python-import= shared-import= shared-py-import= shared-pyimport=
    shared-python-import=
  `,
  'Reload by touch-reload, or run node --watch during development.': `
    py-auto-reload= py-auto-reload-ignore= py-autoreload= python-auto-reload= python-autoreload=
  `,
}

/** Why they have no meaning, and the options. */
export const PLUGINS_WITHOUT_MEANING: NamesByReason = {
  'The workers serve HTTP themselves, without a router.': `
    http-auto-chunked http-chunked-input http-keepalive http-processes= http-raw-body
    http-websockets http-workers=
  `,
  'Node.js has an event loop of its own.': `
    async= asyncio= coroae= disable-async-warn-on-queue-full fiber gevent=
    gevent-early-monkey-patch gevent-monkey-patch gevent-wait-for-hub greenlet loop= stackless
    tornado= ugreen ugreen-stacksize=
  `,
  'It configures Python.': `
    catch-exceptions early-python early-python-path= early-pythonpath= honour-stdin no-site
    optimize= post-pymodule-alias= pp= py= py-call-osafterfork py-call-uwsgi-fork-hooks
    py-executable= py-master-check-signals py-program-name= py-programname= py-sys-executable=
    py-tracebacker= pyargv= pyhome= pymodule-alias= python-path= pythonpath= reload-os-env
    single-interpreter start_response-nodelay wsgi-accept-buffer wsgi-accept-buffers
    wsgi-disable-file-wrapper wsgi-env-behavior= wsgi-env-behaviour= wsgi-manage-chunked-input
    wsgi-strict
  `,
}
