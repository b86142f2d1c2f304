"""From the options of a run and Apple's lists to the instances that are due."""
