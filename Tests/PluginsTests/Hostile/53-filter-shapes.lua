-- verdict: load_error
-- row 53: a filter that is a function
return function() end
