/** The INI file of the Python article. Tests change only the parameters. */
export function articleIni({ module = 'manage.py', port = 5001 } = {}): string {
  return `[uwsgi]

master = true
processes = 4
threads = 1
max-requests = 6000
chmod-socket = 664
buffer-size = 32768
thunder-lock = true
cache2 = name=default,items=20,blocksize=65536,keysize=60,bitmap=1

wsgi-file = ${module}
callable = flaskapp
uid = app
gid = app

venv = %dvenv
pidfile = %d%n.pid
http = 127.0.0.1:${port}
`
}
