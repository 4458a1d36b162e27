"""Make cases of HAR files, Postman collections, access logs and Flask tests."""
