-- verdict: load_error
-- row 52: on_init changes its configuration
return { api = 1, on_init = function(conf) conf.list[1] = "x" end }
