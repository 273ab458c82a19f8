#!/usr/bin/env python3
"""The same as tests/system/attacks.py, with ten times as much."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import attacks
import rig

# These end at a ceiling of their own before they are so long.
BOUNDED = ("long_header_line", "header_byte_by_byte", "handshake_in_crumbs", "nested")

rig.run_cases([lambda: attacks.run(10, [a for a in attacks.ATTACKS if a[0].__name__ not in BOUNDED])])
