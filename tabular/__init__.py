"""The Tabular List: releases, codes, hierarchy, 7th characters, instructional notes, edits."""
