-- verdict: load_error
-- row 30: awaits in on_init
return { api = 1, on_init = function() gw.http.call { upstream = "authz" } end }
