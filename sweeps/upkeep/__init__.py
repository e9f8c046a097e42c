"""What people do to runs by hand: look, run again, set aside, leave out, bring together, rename."""
