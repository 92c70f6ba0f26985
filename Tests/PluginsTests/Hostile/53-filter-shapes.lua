-- verdict: load_error
-- row own: a filter that is a function
return function() end
