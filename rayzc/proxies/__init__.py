"""What can be measured on an untrained network: one file a proxy."""
