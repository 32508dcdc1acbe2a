# Holds the namespaces of a pod open.
FROM localhost/base
ENTRYPOINT ["/bin/sleep", "infinity"]
