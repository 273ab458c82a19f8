#!/usr/bin/env python3
"""100,000 alerts through a webhook receiver that fails at random for a minute."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig
import storm


def webhook_storm():
    storm.run("webhook_storm_long", 50000, 60, 900, "rule_hourly: 1000000")


rig.run_cases([webhook_storm])
