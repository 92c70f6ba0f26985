-- verdict: load_error
-- row own: a filter with a key that is none
return { api = 1, on_reqest = function() end }
