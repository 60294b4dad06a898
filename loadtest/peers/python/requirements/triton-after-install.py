"""Makes PyTriton 0.7 start on newer Pythons and on slow machines; run once by the environment that it is installed in."""

import sysconfig
from pathlib import Path

# It embeds an older Python 3.11, whose native lock lacks a method that the standard library of newer ones calls.
BRIDGE = '''
import threading
from multiprocessing import resource_tracker

if not hasattr(threading.RLock(), '_recursion_count'):
    resource_tracker._resource_tracker._lock = threading._PyRLock()
'''

packages = Path(sysconfig.get_path('purelib'))
(packages / 'sitecustomize.py').write_text(BRIDGE)

# Its second instance gives the first one second to start a process.
communication = packages / 'pytriton/proxy/communication.py'
source = communication.read_text()
assert source.count('timeout_s: float = 1.0') == 1, 'another PyTriton than the one that is pinned'
communication.write_text(source.replace('timeout_s: float = 1.0', 'timeout_s: float = 30.0'))
