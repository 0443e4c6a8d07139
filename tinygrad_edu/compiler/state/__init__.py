"""State: what a step reads and keeps beside its arguments; how it is found, swapped, watched and returned.

* Before the run, `state` finds all that the function can reach, in `places`, by what its `code` names; it
  does not look into code that is `trusted`, and refuses what cannot be compared (`changing`).  `layout` takes
  the arguments apart, as `nested` does, and `swap` puts traced arrays in the places of all arrays.
* While the function runs, `watch` looks at what it calls, and `asking` answers what a traced array would
  answer wrongly.  Lists and places of outside that it changes are `appended`, `assigned` and `unread`; so are
  `rates`, where it asks for them, and `caches` that it fills are emptied.
* After the run, `swap` puts back what was there.  `refusals` say what no compiled step would do again; then
  all is as it was `before`.  `results` are what the function returned, and `counting` and `symbols` what
  optimizers do with Python's numbers in every step.
"""
