"""The parts that screens are made of; each draws one picture that it is given."""
