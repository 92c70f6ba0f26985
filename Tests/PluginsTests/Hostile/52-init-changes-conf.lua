-- verdict: load_error
-- row own: on_init changes its configuration
return { api = 1, on_init = function(conf) conf.list[1] = "x" end }
