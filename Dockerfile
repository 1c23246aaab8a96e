# Two stages: the first has what building needs, the second only what runs. Node 26 needs libatomic, which slim images lack.
FROM node:26-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts come after the sources they build. Optional packages stay until then: the compiler's binary is one.
RUN npm ci --ignore-scripts
COPY tsconfig.json .rolldown.config.js ./
COPY src ./src
# koffi's binary is an optional package and stays; the npm editions of Node do not: the image has its own.
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-*

FROM node:26-slim
LABEL org.opencontainers.image.title="Lacquer" \
      org.opencontainers.image.description="A reverse-proxy HTTP cache that speaks VCL" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY bin ./bin
COPY vcl-examples ./vcl-examples
RUN ln -s /app/bin/lacquer /usr/local/bin/lacquer
# The image's own unprivileged user; no port below 1024, nothing written to disk.
USER node
EXPOSE 6081 9131
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9131/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["lacquer"]
# Without rules of your own this is the demo; give -b host:port or -f /rules/default.vcl, and keep --metrics for the health check.
CMD ["serve", "-a", ":6081", "--metrics", ":9131"]
