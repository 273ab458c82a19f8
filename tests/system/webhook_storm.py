#!/usr/bin/env python3
"""Some thousand alerts through a webhook receiver that fails at random for some seconds; tests/long has the storm."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig
import storm


def webhook_storm():
    storm.run("webhook_storm", 1500, 6, 60, "rule_hourly: 1000000")


rig.run_cases([webhook_storm])
