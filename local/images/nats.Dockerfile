# The NATS server that hubs bundle. Build context: the folder that holds the compiled program.
FROM scratch
COPY --chmod=755 nats-server /nats-server
USER 1000:1000
EXPOSE 4222 8222
ENTRYPOINT ["/nats-server"]
