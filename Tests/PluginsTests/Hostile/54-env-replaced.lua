-- verdict: load_error
-- row 54: _ENV is set to nothing
_ENV = nil
return { api = 1, on_request = function() end }, x
