-- verdict: load_error
-- row 53: a filter that does not say its version
return { on_request = function() end }
