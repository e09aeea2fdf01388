"""The wall: containers and the gateway, without SQL, HTML, signatures or parties."""
