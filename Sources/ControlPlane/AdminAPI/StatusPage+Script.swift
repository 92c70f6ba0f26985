extension StatusPage {
    /// The page's script: one classic script, in the order in which its parts need each other.
    static let script = [metricsScript, viewScript, liveScript].joined(separator: "\n")

    /// When to ask what, and the form that explains a request.
    static let liveScript = #"""
        // ---- Asking the gateway ----

        const [periodMs, windowMs, timeoutMs] = [2000, 10000, 5000];

        class Unreachable extends Error {}

        async function get(path, isGood = (status) => status === 200) {
          let response, text;
          try {
            response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(timeoutMs) });
            text = await response.text();
          } catch {
            throw new Unreachable();
          }
          if (!isGood(response.status)) throw new Error(`/${path} answered ${response.status}`);
          return text;
        }

        const getJSON = async (path, isGood) => JSON.parse(await get(path, isGood));

        /** Scrapes of the last ten seconds, the oldest first, and the generations as last read. */
        const known = { scrapes: [], generations: [], refreshed: null };

        function forget() { [known.scrapes, known.generations] = [[], []]; }

        function remember(scrape) {
          const start = (of) => of.single.get("process_start_time_seconds");
          // Another process counts from zero again, and may serve something else.
          if (known.scrapes.length && start(known.scrapes[0]) !== start(scrape)) forget();
          known.scrapes.push(scrape);
          // One scrape of that age stays, to compare with.
          while (known.scrapes.length > 1 && scrape.at - known.scrapes[1].at >= windowMs) known.scrapes.shift();
        }

        /** One request after the other: the admin API has one thread. Shown is what belongs together, or nothing. */
        async function refresh() {
          const orUnavailable = (status) => status === 200 || status === 503;
          const readiness = await getJSON("readyz", orUnavailable);
          const liveness = await getJSON("healthz", orUnavailable);
          const scrape = parseMetrics(await get("metrics"));
          remember(scrape);
          const workers = await getJSON("workers");
          const upstreams = await getJSON("upstreams");
          const events = await getJSON("events");
          // The long lists change with the generation only.
          if (known.generations[0]?.generation !== scrape.single.get("gateway_config_generation")) {
            const routes = await getJSON("routes");
            known.generations = await getJSON("generations");
            showRoutes(routes);
            showGenerations(known.generations);
          }
          if (known.generations.length) showRunning(known.generations[0]);
          showReadiness(readiness, liveness);
          showTraffic(known.scrapes[0], scrape, workers);
          showWorkers(workers, scrape);
          showUpstreams(upstreams);
          showEvents(events);
          setText(node("version"), scrape.version);
        }

        function showFailure(error) {
          const age = known.refreshed ? `What is shown is of ${clockText(known.refreshed)}. ` : "";
          const isAway = error instanceof Unreachable;
          const what = isAway ? "The gateway cannot be reached." : `Something is wrong: ${error.message}.`;
          setText(node("notice"), `${what} ${age}Trying again every ${periodMs / 1000} s.`);
          node("notice").hidden = false;
          setClass(node("content"), "stale");
          setText(node("readiness"), "unknown");
          setClass(node("readiness"), "pill");
          document.title = "? · gateway";
          // A rate over the gap would be none of these ten seconds; and another process may answer next.
          forget();
        }

        function shown() {
          if (!document.hidden) return Promise.resolve();
          return new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
        }

        /** For ever; the next refresh starts after the last one, and not while nobody looks. */
        async function watch() {
          for (;;) {
            await shown();
            const started = performance.now();
            try {
              await refresh();
              known.refreshed = new Date();
              node("notice").hidden = true;
              setClass(node("content"), "");
            } catch (error) {
              showFailure(error);
            }
            // A gateway with very many routes is not kept busy by this page.
            const took = performance.now() - started;
            await new Promise((resume) => setTimeout(resume, Math.max(periodMs - took, 4 * took)));
          }
        }

        // ---- Explaining a request ----

        function outcomeText(explanation) {
          const outcome = explanation.outcome;
          switch (outcome.kind) {
            case "forward": {
              const host = outcome.host ? ` with host ${outcome.host}` : "";
              const upstreams = outcome.upstreams.join(" or ");
              return `${explanation.method} ${outcome.target}${host} goes to upstream ${upstreams}.`;
            }
            case "redirect": return `It is answered with ${outcome.status} and the location ${outcome.location}`;
            case "respond": return `It is answered with ${outcome.status}.`;
            default: return `It is refused with ${outcome.status} ${outcome.code}: ${outcome.why}`;
          }
        }

        function facts(explanation) {
          const parameters = Object.entries(explanation.parameters).map(([name, value]) => `{${name}} = ${value}`);
          const filters = explanation.filters.map(({ name, type }) => (name === type ? name : `${name} (${type})`));
          const made = element("dl", undefined, "facts");
          const rows = [
            ["Route", explanation.route ?? "none"], ["Written at", explanation.position], ["Host", explanation.host],
            ["Path", explanation.path], ["Parameters", parameters.join(", ")], ["Filters", filters.join(", ")],
          ];
          for (const [name, value] of rows) if (value) made.append(element("dt", name), element("dd", value));
          return made;
        }

        const missText = (miss) => `${miss.route} (${miss.position}): ${miss.reasons.join("; ")}`;

        let explainCount = 0;

        async function explain() {
          const mine = ++explainCount;
          const query = new URLSearchParams({ method: node("method").value.trim(), url: node("url").value.trim() });
          for (const line of node("headers").value.split("\n")) if (line.trim()) query.append("header", line.trim());
          // The page's address can be passed on.
          history.replaceState(null, "", "?" + query);
          const parts = [];
          try {
            const answer = await getJSON("explain?" + query, (status) => status === 200 || status === 400);
            if (answer.outcome) {
              const className = answer.outcome.kind === "refuse" ? "bad" : "";
              parts.push(element("p", outcomeText(answer), className), facts(answer));
              if (answer.near_misses.length) {
                parts.push(element("p", "Not taken:", "muted"), list(answer.near_misses.map(missText)));
              }
            } else {
              parts.push(element("p", answer.detail, "bad"));
            }
          } catch (error) {
            const text = error instanceof Unreachable ? "The gateway cannot be reached." : error.message;
            parts.push(element("p", text, "bad"));
          }
          // An answer that was overtaken is not shown.
          if (mine === explainCount) node("outcome").replaceChildren(...parts);
        }

        node("explain-form").addEventListener("submit", (event) => {
          event.preventDefault();
          explain();
        });

        const passedOn = new URLSearchParams(location.search);
        if (passedOn.has("url")) {
          node("method").value = passedOn.get("method") ?? "GET";
          node("url").value = passedOn.get("url");
          node("headers").value = passedOn.getAll("header").join("\n");
          explain();
        }
        watch();

        """#
}
