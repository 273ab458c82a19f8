#!/usr/bin/env python3
"""Two hundred replays, each with one process killed somewhere."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import kills
import rig

rig.run_cases([lambda: kills.Killing(80).rounds(200, time.time_ns() % 10**6)])
