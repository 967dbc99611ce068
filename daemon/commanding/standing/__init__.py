"""What stands until it is taken back: PAUSE and RESUME, INCIDENT, WAIVE, AWAY, HOLIDAY."""
