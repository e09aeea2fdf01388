"""The suite `arithmetic_words`: stories, numbers and answers."""
