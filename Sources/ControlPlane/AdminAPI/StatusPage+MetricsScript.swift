extension StatusPage {
    /// Rates, shares and quantiles of two scrapes, and numbers as text.
    static let metricsScript = #"""
        "use strict";

        // Names come from configuration, paths from strangers: everything enters the page as text, never as markup.

        // ---- Metrics ----

        /** One scrape: what it says of each route, and single values. Cumulative, as Prometheus has it. */
        function parseMetrics(text) {
          const scrape = { at: performance.now(), routes: new Map(), busy: new Map(), single: new Map(), version: "" };
          for (const line of text.split("\n")) {
            const known = /^(gateway_[a-z_]+|process_start_time_seconds)([{ ])/.exec(line);
            if (!known) continue;
            const [, name, next] = known;
            const value = Number(line.slice(line.lastIndexOf(" ") + 1));
            if (next === " ") {
              scrape.single.set(name, value);
            } else if (name === "gateway_http_requests_total") {
              const labels = parseLabels(line);
              const route = routeOf(scrape, labels.route);
              route.total += value;
              if (Number(labels.status) >= 500) route.errors += value;
            } else if (name === "gateway_http_request_duration_seconds_bucket") {
              const labels = parseLabels(line);
              routeOf(scrape, labels.route).buckets.set(Number(labels.le.replace("+Inf", "Infinity")), value);
            } else if (name === "gateway_worker_busy_ratio") {
              scrape.busy.set(parseLabels(line).worker, value);
            } else if (name === "gateway_build_info") {
              scrape.version = parseLabels(line).version;
            }
          }
          return scrape;
        }

        function routeOf(scrape, name) {
          let route = scrape.routes.get(name);
          if (!route) scrape.routes.set(name, (route = { total: 0, errors: 0, buckets: new Map() }));
          return route;
        }

        function parseLabels(line) {
          const labels = {};
          const pattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"[,}]/y;
          pattern.lastIndex = line.indexOf("{") + 1;
          for (let found = pattern.exec(line); found; found = pattern.exec(line)) {
            labels[found[1]] = found[2].replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
          }
          return labels;
        }

        /** What happened between two scrapes, of each route and in sum; `seconds` is 0 when they are the same. */
        function difference(older, newer) {
          const seconds = (newer.at - older.at) / 1000;
          const sum = { name: "All routes", count: 0, errors: 0, total: 0, buckets: new Map() };
          const routes = [];
          for (const [name, now] of newer.routes) {
            const before = older.routes.get(name) ?? { total: 0, errors: 0, buckets: new Map() };
            const route = {
              name, count: now.total - before.total, errors: now.errors - before.errors, total: now.total,
              buckets: new Map(),
            };
            for (const [bound, value] of now.buckets) {
              const count = value - (before.buckets.get(bound) ?? 0);
              route.buckets.set(bound, count);
              sum.buckets.set(bound, (sum.buckets.get(bound) ?? 0) + count);
            }
            sum.count += route.count;
            sum.errors += route.errors;
            sum.total += route.total;
            routes.push(route);
          }
          return { seconds, sum, routes };
        }

        /** The time within which `share` of the requests ended, linear within a bucket; the buckets are cumulative. */
        function quantileText(share, buckets) {
          const sorted = [...buckets].sort((left, right) => left[0] - right[0]);
          const all = sorted.length ? sorted[sorted.length - 1][1] : 0;
          if (all <= 0) return "–";
          const rank = share * all;
          let [lower, below] = [0, 0];
          for (const [bound, count] of sorted) {
            if (count >= rank) {
              if (bound === Infinity) return "> " + durationText(lower);
              // The first bucket says no more than that.
              if (lower === 0) return "< " + durationText(bound);
              return durationText(lower + (bound - lower) * ((rank - below) / (count - below)));
            }
            [lower, below] = [bound, count];
          }
          return "–";
        }

        // ---- Numbers and times as text ----

        function countText(number) { return Math.round(number).toLocaleString("en"); }

        function rateText(count, seconds) {
          if (seconds <= 0) return "–";
          const rate = count / seconds;
          return rate >= 100 || rate === 0 ? countText(rate) : rate.toFixed(1);
        }

        function shareText(part, all) {
          if (all <= 0) return "–";
          const percent = (100 * part) / all;
          if (percent > 0 && percent < 0.1) return "< 0.1 %";
          return (percent === 0 || percent === 100 ? percent : percent.toFixed(1)) + " %";
        }

        function durationText(seconds) {
          if (seconds >= 1) return Number(seconds.toPrecision(2)) + " s";
          return Number((seconds * 1000).toPrecision(2)) + " ms";
        }

        function clockText(date) {
          const two = (number) => String(number).padStart(2, "0");
          const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
          const now = new Date();
          if (date.toDateString() === now.toDateString()) return clock;
          return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
        }

        function ageText(date) {
          const seconds = Math.max(0, (Date.now() - date) / 1000);
          if (seconds < 90) return `${Math.floor(seconds)} s`;
          if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
          if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
          return `${Math.floor(seconds / 86400)} days`;
        }

        """#
}
