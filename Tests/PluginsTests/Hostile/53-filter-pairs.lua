-- verdict: done
-- row 53: a filter with __pairs and __len that never end
return setmetatable({ api = 1, on_request = function() end }, { __pairs = function() while true do end end, __len = function() while true do end end, __metatable = "x" })
