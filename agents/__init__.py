"""The four agents, and the two judges that answer their questions."""
