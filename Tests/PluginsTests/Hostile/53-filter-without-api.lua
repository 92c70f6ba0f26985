-- verdict: load_error
-- row own: a filter that does not say its version
return { on_request = function() end }
