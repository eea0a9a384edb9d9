"""uWSGI's module ``uwsgi`` in a Python program that does not run under uWSGI.

See ``undercroft.uwsgi``. Under uWSGI, uWSGI's own module comes first. Programs find out whether they
run under uWSGI by importing this name, so it is there only where UNDERCROFT_UWSGI names a server.
"""

import os
import sys

import undercroft.uwsgi

if not os.environ.get(undercroft.uwsgi.ADDRESS_VARIABLE):
    raise ImportError(
        "this program does not run under uWSGI; to use the cache of an undercroft server instead, "
        f"set {undercroft.uwsgi.ADDRESS_VARIABLE} to its address"
    )

sys.modules[__name__] = undercroft.uwsgi
