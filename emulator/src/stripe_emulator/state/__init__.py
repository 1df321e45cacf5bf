"""What the emulator keeps: objects, events, deliveries, the clock."""
