"""The Alphabetic Index and its tables: terms, navigation, search."""
