-- verdict: error
-- row own: a phase that is pcall
return { api = 1, on_request = pcall }
