"""PyTriton 0.7 embeds an older Python 3.11, whose native lock lacks a method that the standard library of newer ones calls."""

import threading
from multiprocessing import resource_tracker

if not hasattr(threading.RLock(), '_recursion_count'):
    resource_tracker._resource_tracker._lock = threading._PyRLock()
