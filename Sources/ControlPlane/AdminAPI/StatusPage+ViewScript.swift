extension StatusPage {
    /// From the answers of the endpoints to rows of the tables, as text nodes only.
    static let viewScript = #"""
        // ---- The page's nodes ----

        const node = (id) => document.getElementById(id);

        function setText(target, text) {
          if (target.textContent !== String(text)) target.textContent = text;
        }

        function setClass(target, name) {
          if (target.className !== name) target.className = name;
        }

        function element(name, text, className) {
          const made = document.createElement(name);
          if (text !== undefined) made.textContent = text;
          if (className) made.className = className;
          return made;
        }

        function list(texts) {
          const made = element("ul");
          made.append(...texts.map((text) => element("li", text)));
          return made;
        }

        /**
         * Rows of cells, each `[text, class]`; the one of class "name" is the row's header. Nodes stay where they are,
         * and with them a selection and the place in a scrolled table.
         */
        function fill(id, rows, emptyText) {
          const body = node(id);
          const columns = body.parentNode.tHead.rows[0].cells.length;
          if (!rows.length) rows = [{ cells: [[emptyText, "empty"]] }];
          rows.forEach((row, index) => {
            const line = body.rows[index] ?? body.insertRow();
            setClass(line, row.className ?? "");
            row.cells.forEach(([text, className = ""], column) => {
              const isHeader = className.split(" ").includes("name");
              let cell = line.cells[column];
              if (!cell || (cell.tagName === "TH") !== isHeader) {
                const made = element(isHeader ? "th" : "td");
                if (isHeader) made.scope = "row";
                if (cell) cell.replaceWith(made); else line.append(made);
                cell = made;
              }
              cell.colSpan = row.cells.length === 1 ? columns : 1;
              setText(cell, text);
              setClass(cell, className);
            });
            while (line.cells.length > row.cells.length) line.lastElementChild.remove();
          });
          while (body.rows.length > rows.length) body.lastElementChild.remove();
        }

        const rowsMax = 500;

        /** The first rows of a long list, and a word about the others. */
        function shorten(list, moreId, where) {
          const more = list.length - rowsMax;
          setText(node(moreId), more > 0 ? `The first ${rowsMax}; ${where} lists ${countText(more)} more.` : "");
          return list.slice(0, rowsMax);
        }

        // ---- Sections ----

        function showReadiness(readiness, liveness) {
          const reasons = [...(readiness.reasons ?? []), ...(liveness.reasons ?? [])];
          setText(node("readiness"), readiness.status);
          setClass(node("readiness"), reasons.length ? "pill bad" : "pill good");
          node("reasons").hidden = !reasons.length;
          const shown = [...node("reasons").children].map((item) => item.textContent);
          if (shown.join("\n") !== reasons.join("\n")) {
            node("reasons").replaceChildren(...reasons.map((reason) => element("li", reason)));
          }
          document.title = `${readiness.status} · gateway`;
        }

        function showTraffic(older, newer, workers) {
          const { seconds, sum, routes } = difference(older, newer);
          setText(node("rate"), rateText(sum.count, seconds));
          setText(node("errors"), shareText(sum.errors, sum.count));
          setText(node("p50"), quantileText(0.5, sum.buckets));
          setText(node("p99"), quantileText(0.99, sum.buckets));
          setText(node("inflight"), countText(newer.single.get("gateway_http_requests_in_flight") ?? 0));
          setText(node("connections"), countText(workers.reduce((count, worker) => count + worker.connections, 0)));
          // Chosen by what is going on, shown in an order that stays.
          const byTotal = (left, right) => right.total - left.total || (left.name < right.name ? -1 : 1);
          const busiest = routes.sort((left, right) => right.count - left.count || byTotal(left, right)).slice(0, 20);
          const row = (route, className) => ({
            className,
            cells: [
              [route.name, "name long"], [rateText(route.count, seconds), "number"],
              [shareText(route.errors, route.count), route.errors > 0 ? "number bad" : "number"],
              [quantileText(0.5, route.buckets), "number"], [quantileText(0.99, route.buckets), "number"],
              [countText(route.total), "number"],
            ],
          });
          const rows = busiest.sort(byTotal).map((route) => row(route));
          fill("traffic-rows", rows.length > 1 ? [row(sum, "sum"), ...rows] : rows, "No requests yet.");
          const more = routes.length - busiest.length;
          setText(node("traffic-more"), more > 0 ? `/metrics has ${countText(more)} more.` : "");
        }

        function showUpstreams(upstreams) {
          const errors = (part, all) => [
            part ? `${countText(part)} (${shareText(part, all)})` : "0", part ? "number bad" : "number",
          ];
          const isLiteral = ({ address, url }) => !url || url.endsWith("//" + address);
          const addressText = (target) => (isLiteral(target) ? target.address : `${target.address} (${target.url})`);
          const rows = shorten(upstreams, "upstreams-more", "/upstreams").flatMap((upstream) => {
            const sum = (key) => upstream.targets.reduce((count, target) => count + target[key], 0);
            const head = {
              className: "group",
              cells: [
                [upstream.name, "name long"], ["", "number"], [countText(sum("requests")), "number"],
                errors(sum("errors"), sum("requests")), [countText(upstream.connections.active), "number"],
                [countText(upstream.connections.idle), "number"],
                upstream.resolved ? [upstream.balance, "plain"] : ["no address known yet", "plain bad"],
              ],
            };
            const targets = upstream.targets.map((target) => ({
              className: "target",
              cells: [
                [addressText(target), "name long"],
                [target.weight, "number"], [countText(target.requests), "number"],
                errors(target.errors, target.requests), ["", "number"], ["", "number"], [target.zone ?? "", "minor"],
              ],
            }));
            return [head, ...targets];
          });
          fill("upstreams-rows", rows, "None: every route answers by itself.");
        }

        function showWorkers(workers, scrape) {
          const newest = scrape.single.get("gateway_config_generation");
          fill("workers-rows", workers.map((worker) => {
            const since = worker.since_last_turn_ms;
            const loop = worker.running ? `${durationText(since / 1000)} ago` : "has ended";
            return {
              cells: [
                [worker.worker, "name"], [worker.generation, worker.generation < newest ? "number bad" : "number"],
                [countText(worker.connections), "number"],
                [shareText(scrape.busy.get(String(worker.worker)) ?? 0, 1), "number"],
                [loop, !worker.running || since > 5000 ? "plain bad" : "plain minor"],
              ],
            };
          }), "None.");
        }

        function showEvents(events) {
          const isBad = (event) => /reject|fail/.test(event.kind);
          fill("events-rows", events.slice(0, 50).map((event) => {
            const fields = Object.entries(event.fields).map(([name, value]) => `${name}=${value}`);
            return {
              cells: [
                [clockText(new Date(event.time)), "plain minor"],
                [event.kind.replaceAll("_", " "), isBad(event) ? "plain bad" : "plain"],
                [[event.message, ...fields].join(" · "), "text long"],
              ],
            };
          }), "Nothing yet.");
        }

        function showRoutes(routes) {
          const rows = shorten(routes, "routes-more", "gateway routes").map((route, index) => ({
            cells: [
              [index + 1, "number minor"], [route.name, "name long"], [route.methods.join(" ") || "any", "text"],
              [route.hosts.join(" ") || "any", "text"], [route.path, "code"], [route.conditions.join(", "), "text"],
              [route.action, "text"], [route.position, "text minor"],
            ],
          }));
          fill("routes-rows", rows, "None.");
        }

        function showGenerations(generations) {
          const valueText = (value) => {
            const text = JSON.stringify(value);
            return text.length > 200 ? text.slice(0, 200) + "…" : text;
          };
          const changeText = (change) => {
            const values = [change.old, change.new].filter((value) => value !== null).map(valueText);
            return `${change.kind} ${change.path}: ${values.join(" → ")}`;
          };
          const rows = generations.map((generation) => {
            const cells = [
              element("th", generation.generation), element("td", clockText(new Date(generation.time)), "plain"),
              element("td", generation.cause, "plain"),
              element("td", `${countText(generation.duration_ms)} ms`, "number"),
              element("td"),
            ];
            cells[0].scope = "row";
            const lines = [
              ...generation.changes.slice(0, rowsMax).map(changeText),
              ...generation.warnings.map((warning) => `warning: ${warning.message} (${warning.file}:${warning.line})`),
            ];
            const count = generation.changes.length;
            const summary = count ? `${countText(count)} change${count === 1 ? "" : "s"}` : "none";
            if (lines.length) {
              const details = element("details");
              details.append(element("summary", summary), list(lines));
              cells[4].append(details);
            } else {
              setText(cells[4], summary);
            }
            const line = element("tr");
            line.append(...cells);
            return line;
          });
          node("generations-rows").replaceChildren(...rows);
        }

        function showRunning(generation) {
          const since = new Date(generation.time);
          setText(node("generation"), generation.generation);
          setText(node("since"), `${clockText(since)} (${ageText(since)})`);
          node("since").dateTime = generation.time;
          const causes = {
            start: "as it was started", file: "after a file changed", signal: "on SIGHUP", request: "on request",
          };
          setText(node("cause"), causes[generation.cause] ?? `as ${generation.cause}`);
        }

        """#
}
