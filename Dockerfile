# Each step is a script that runs without Docker: npm run build, tools/image-root.mjs. test/image.test.ts runs the result.

# Distroless has no version tags: releases give it by digest, --build-arg RUNTIME=gcr.io/distroless/nodejs24-debian12@sha256:…
ARG RUNTIME=gcr.io/distroless/nodejs24-debian12:nonroot

# The bundle is the same for every architecture. By version: no digest of it is known where this file is tested.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY src ./src
COPY tools ./tools
RUN npm run build

# By the Node that will run it: a compile cache is for one version and one architecture.
FROM ${RUNTIME} AS root
USER 0
WORKDIR /src
COPY --from=build /src/dist ./dist
COPY --from=build /src/tools/image-root.mjs ./tools/
COPY LICENSE ./
COPY files/known_hosts ./files/
RUN ["/nodejs/bin/node", "tools/image-root.mjs", "/image"]

FROM ${RUNTIME}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="gitops-operator" \
      org.opencontainers.image.description="Writes the newest commit's image tag into the manifests repository" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=root /image /
# HOME, because Node asks for it and a user that the cluster chose has none.
ENV HOME=/home/nonroot \
    NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/compile-cache \
    NODE_COMPILE_CACHE_PORTABLE=1
USER 65532:65532
EXPOSE 8000
# Other arguments are other commands: check -f -
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.cjs"]
CMD ["run"]
