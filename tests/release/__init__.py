"""What is released: the wheel and the sdist, in an environment without the checkout."""
