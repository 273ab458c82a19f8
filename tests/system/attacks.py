#!/usr/bin/env python3
"""Traffic made to cost much costs a bounded number of instructions a frame (tests/attacks.py), in small."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import attacks
import rig

rig.run_cases([lambda: attacks.run(1)])
