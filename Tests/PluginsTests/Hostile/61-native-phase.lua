-- verdict: error
-- row 61: phases that are functions of ours
return { api = 1, on_request = coroutine.yield, on_log = gw.sleep }
