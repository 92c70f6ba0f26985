-- verdict: load_error
-- row own: _ENV is set to nothing
_ENV = nil
return { api = 1, on_request = function() end }, x
