"""What decides on further cells when nothing is due: how a strategy is named, asked and checked."""
