-- verdict: error
-- row 61: a phase that is pcall
return { api = 1, on_request = pcall }
